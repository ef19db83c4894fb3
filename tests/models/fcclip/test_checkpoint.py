"""Checkpoints: what is read, what is refused and with which words."""

from __future__ import annotations

import io
import os
import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from car_video.errors import ModelError
from car_video.models.fcclip.architecture import CONVNEXT_L, VARIANTS, architecture_of
from car_video.models.fcclip.checkpoint import build_trained_part, convert, read_checkpoint
from car_video.models.fcclip.key_map import CLIP, official_name, our_name
from car_video.models.fcclip.network import TrainedPart
from tests.models.fcclip.golden import TINY, trained_part

VOID = "void_embedding.weight"
QUERIES = "sem_seg_head.predictor.query_feat.weight"
OFFSETS = (
    "sem_seg_head.pixel_decoder.transformer.encoder.layers.1.self_attn.sampling_offsets.bias"
)


@cache
def golden_state() -> dict[str, Tensor]:
    return trained_part(TINY).state_dict()


def weights() -> dict[str, Tensor]:
    return {official_name(name): tensor.clone() for name, tensor in golden_state().items()}


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        build_trained_part(read_checkpoint(path), f"'{path.name}'")
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_published_convnext_l_has_302_tensors_of_20_721_601_values() -> None:
    with torch.device("meta"):
        state = TrainedPart(CONVNEXT_L).state_dict()
    names = {official_name(name): tensor for name, tensor in state.items()}
    assert len(names) == 302
    assert sum(tensor.numel() for tensor in names.values()) == 20_721_601
    by_prefix = {
        prefix: [t.numel() for n, t in names.items() if n.startswith(prefix)]
        for prefix in ("sem_seg_head.pixel_decoder.", "sem_seg_head.predictor.")
    }
    assert [(len(v), sum(v)) for v in by_prefix.values()] == [
        (117, 5_790_144),
        (184, 14_930_689),
    ]
    layer = "sem_seg_head.pixel_decoder.transformer.encoder.layers.5."
    predictor = "sem_seg_head.predictor."
    shapes = {
        f"{layer}self_attn.sampling_offsets.weight": (192, 256),
        f"{layer}norm2.bias": (256,),
        f"{layer}linear1.weight": (1024, 256),
        "sem_seg_head.pixel_decoder.input_proj.0.0.weight": (256, 1536, 1, 1),
        "sem_seg_head.pixel_decoder.adapter_1.norm.weight": (256,),
        "sem_seg_head.pixel_decoder.layer_1.weight": (256, 256, 3, 3),
        f"{predictor}transformer_cross_attention_layers.8.multihead_attn.in_proj_weight": (
            768,
            256,
        ),
        f"{predictor}class_embed.layers.2.weight": (768, 256),
        f"{predictor}_mask_pooling_proj.0.weight": (256,),
        f"{predictor}logit_scale": (),
        VOID: (1, 768),
    }
    for name, shape in shapes.items():
        assert tuple(names[name].shape) == shape, name


def test_names_go_there_and_back() -> None:
    for ours in golden_state():
        assert our_name(official_name(ours)) == ours
    assert our_name("backbone.clip_model.logit_scale") is None


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_sizes_are_read_from_shapes(variant: Any) -> None:
    with torch.device("meta"):
        state = TrainedPart(variant.architecture).state_dict()
    shapes = {official_name(name): tuple(t.shape) for name, t in state.items()}
    assert architecture_of(shapes) == variant.architecture


@pytest.mark.parametrize("form", ["flat", "nested", "parallel", "with optimizer", "old format"])
def test_forms_of_files(tmp_path: Path, form: str) -> None:
    state: dict[str, Any] = weights()
    if form == "nested":
        state = {"model": state, "iteration": 3}
    if form == "parallel":
        state = {"state_dict": {f"module.{n}": t for n, t in state.items()}}
    if form == "with optimizer":
        trainer = {"loss": np.float64(0.5), "steps": np.int64(3)}
        state = {"model": state, "optimizer": {"state": {0: torch.ones(2)}}, "trainer": trainer}
        state["model"]["criterion.empty_weight"] = torch.ones(134)
    path = tmp_path / "fcclip.pth"
    torch.save(state, path, _use_new_zipfile_serialization=form != "old format")
    part = build_trained_part(read_checkpoint(path), "it")
    expected = golden_state()
    assert part.state_dict().keys() == expected.keys()
    assert all(torch.equal(t, expected[n]) for n, t in part.state_dict().items())


def test_safetensors_of_half_precision_become_float32(tmp_path: Path) -> None:
    save_file({n: t.half() for n, t in weights().items()}, tmp_path / "a.safetensors")
    part = build_trained_part(read_checkpoint(tmp_path / "a.safetensors"), "it")
    assert {t.dtype for t in part.state_dict().values()} == {torch.float32}


def test_conversion_keeps_names_and_values(tmp_path: Path) -> None:
    state = weights() | {CLIP + "logit_scale": torch.tensor(4.6)}
    torch.save({"model": state}, tmp_path / "a.pth")
    convert(tmp_path / "a.pth", tmp_path / "without.safetensors")
    convert(tmp_path / "a.pth", tmp_path / "with.safetensors", keep_clip=True)
    trained = load_file(tmp_path / "without.safetensors")
    assert trained.keys() == weights().keys()
    assert all(torch.equal(t, state[n]) for n, t in trained.items())
    assert load_file(tmp_path / "with.safetensors").keys() == state.keys()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "a.pth",
        "with.safetensors",
        "without.safetensors",
    ]


def test_missing_superfluous_and_misshapen_tensors_are_named(tmp_path: Path) -> None:
    state = weights()
    del state[OFFSETS]
    state["sem_seg_head.predictor.extra"] = torch.ones(1)
    state["sem_seg_head.predictor.decoder_norm.bias"] = torch.ones(3)
    save_file(state, tmp_path / "a.safetensors")
    message = refusal(tmp_path / "a.safetensors")
    assert f"is missing '{OFFSETS}'" in message
    assert "superfluous 'sem_seg_head.predictor.extra'" in message
    assert "'sem_seg_head.predictor.decoder_norm.bias [3] for [64]'" in message


def mask2former(path: Path) -> None:
    state = weights()
    del state[VOID]
    state["sem_seg_head.predictor.class_embed.weight"] = torch.ones(134, 64)
    torch.save({"model": state}, path)


def another_network(path: Path) -> None:
    torch.save({"model": {"backbone.stem.conv1.weight": torch.ones(3)}}, path)


def not_finite(path: Path) -> None:
    torch.save(weights() | {QUERIES: torch.full((6, 64), torch.nan)}, path)


def whole_numbers(path: Path) -> None:
    torch.save(weights() | {QUERIES: torch.ones(6, 64, dtype=torch.int8)}, path)


def truncated(path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(weights(), buffer)
    path.write_bytes(buffer.getvalue()[:-5000])


def unknown_part(path: Path) -> None:
    torch.save(weights() | {"detr.bbox_embed.weight": torch.ones(3)}, path)


class Code:
    def __reduce__(self) -> Any:
        return os.mkdir, ("code_was_run",)


def with_code(path: Path) -> None:
    path.write_bytes(pickle.dumps({"model": Code()}))


REFUSED = {
    mask2former: f"no FC-CLIP checkpoint: '{VOID}' is not in it",
    another_network: "no FC-CLIP checkpoint; it has 'backbone.stem.conv1.weight'",
    not_finite: f"not finite in '{QUERIES}'",
    whole_numbers: f"whole numbers where weights belong: '{QUERIES}'",
    truncated: "damaged",
    unknown_part: "'detr.bbox_embed.weight'",
    with_code: "may run code",
    lambda path: path.write_bytes(b""): "damaged",
    lambda path: path.write_bytes(b"no checkpoint at all"): "damaged",
    lambda path: torch.save([torch.ones(1)], path): "holds a list",
}


@pytest.mark.parametrize("make", list(REFUSED))
def test_what_is_no_checkpoint_is_refused_in_one_line(
    tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "fcclip.pth")
    assert REFUSED[make] in refusal(tmp_path / "fcclip.pth")
    assert not (tmp_path / "code_was_run").exists()


def test_a_damaged_safetensors_file_and_another_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"{}")
    (tmp_path / "a.txt").write_text("hello")
    assert "damaged" in refusal(tmp_path / "a.safetensors")
    assert "no checkpoint; wanted" in refusal(tmp_path / "a.txt")
