"""``load_model``: names, files, errors; with a small architecture registered for the test."""

from __future__ import annotations

import json
import logging
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from open_clip import factory
from open_clip.pretrained import _PRETRAINED
from safetensors.torch import save_file

from car_video.errors import ModelError
from car_video.models import (
    ModelPair,
    VisionLanguageModel,
    as_pair,
    available_models,
    load_model,
)
from car_video.models.clip.loading import resolve
from car_video.models.clip.vit import VitModel
from car_video.models.fcclip.architecture import VARIANTS
from car_video.models.hub import placed_file

ARCHITECTURE = "tiny-test-vit"
CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {
        "layers": 2,
        "width": 32,
        "head_width": 8,
        "patch_size": 8,
        "image_size": 32,
    },
    "text_cfg": {"width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A safetensors file of the small architecture, which open_clip knows meanwhile."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / f"{ARCHITECTURE}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{ARCHITECTURE}.json")
    torch.manual_seed(0)
    network = open_clip.CLIP(**CONFIG)
    save_file(network.state_dict(), folder / "tiny.safetensors")
    _PRETRAINED[ARCHITECTURE] = {
        "first_tag": {"hf_hub": "owner/name/", "quick_gelu": True, "mean": (0.5,) * 3},
        "second": {"hf_hub": "owner/other/", "mean": (0.4,) * 3, "std": (0.3,) * 3},
    }
    yield folder / "tiny.safetensors"
    factory._MODEL_CONFIG_PATHS.pop()
    factory._MODEL_CONFIGS.pop(ARCHITECTURE)
    _PRETRAINED.pop(ARCHITECTURE)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path))


def refusal(name: str, **options: Any) -> str:
    """The one line that ``load_model`` refuses with."""
    with pytest.raises(ModelError) as caught:
        load_model(name, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_local_file(weights: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pair = load_model(f"{ARCHITECTURE}:{weights}", device="cpu")
    assert isinstance(pair, ModelPair)
    assert pair.shared
    assert pair.device == torch.device("cpu")
    model = pair.proposer
    assert isinstance(model, VitModel)
    assert isinstance(model, VisionLanguageModel)
    assert (model.embed_dim, model.stride, model.input_size) == (24, 8, 32)
    assert model.name == f"{ARCHITECTURE}:{weights}"
    assert not any(p.requires_grad for p in model.network.parameters())
    assert model.encode_text(["a dog", "x" * 10_000, "狗 🐕"]).shape == (3, 24)
    assert model.truncates("word " * 100)
    assert not model.truncates("the man in red")
    assert capfd.readouterr() == ("", "")


def test_weights_are_those_of_the_file(weights: Path) -> None:
    model = load_model(f"{ARCHITECTURE}:{weights}", device="cpu").proposer
    torch.manual_seed(0)
    network = open_clip.CLIP(**CONFIG).eval()
    pixels = torch.rand(2, 3, 32, 32)
    assert isinstance(model, VitModel)
    with torch.no_grad():
        own = network.encode_image(model.prepare(pixels))
    torch.testing.assert_close(model.embed_image(pixels), own)


def test_tags_bring_activation_and_scaling(weights: Path) -> None:
    place = placed_file(ARCHITECTURE, "first_tag")
    place.parent.mkdir(parents=True)
    os.link(weights, place)
    os.link(weights, placed_file(ARCHITECTURE, "second"))
    quick = load_model(f"{ARCHITECTURE}:first-tag", device="cpu").proposer
    plain = load_model(f"{ARCHITECTURE}:second", device="cpu").proposer
    assert isinstance(quick, VitModel)
    assert isinstance(plain, VitModel)
    assert type(quick.blocks[0].mlp.gelu).__name__ == "QuickGELU"
    assert type(plain.blocks[0].mlp.gelu).__name__ == "GELU"
    grey = torch.full((1, 3, 8, 8), 0.4)
    torch.testing.assert_close(plain.prepare(grey), torch.zeros(1, 3, 8, 8))
    assert float(quick.prepare(grey).mean()) < 0


@pytest.mark.parametrize("dtype", ["bfloat16", "float64", torch.bfloat16])
def test_other_precisions_agree(weights: Path, dtype: Any) -> None:
    full = load_model(f"{ARCHITECTURE}:{weights}", device="cpu").proposer
    other = load_model(f"{ARCHITECTURE}:{weights}", device="cpu", dtype=dtype).proposer
    pixels = torch.rand(1, 3, 40, 24)
    a, b = full.encode_image(pixels), other.encode_image(pixels)
    directions = 1e4 * torch.randn(1, 5, 24)
    pairs = [
        (a.pooled, b.pooled),
        (a.cam_map, b.cam_map),
        (full.pull_back(a, directions), other.pull_back(b, directions)),
        (full.encode_text(["a dog"]), other.encode_text(["a dog"])),
        (full.embed_image(pixels), other.embed_image(pixels)),
    ]
    for want, got in pairs:
        assert got.dtype == (torch.float64 if dtype == "float64" else torch.float32)
        assert float((got - want).norm() / want.norm()) < 0.05


def test_unknown_names_get_close_matches(weights: Path) -> None:
    assert "'clip-b16'" in refusal("clip-b-16")
    assert "'ViT-B-16'" in refusal("vit-b16:openai")
    assert "known: lite" in refusal("???")
    for wrong in (None, 5, Path("lite")):
        assert f"got {wrong!r}" in refusal(wrong)  # type: ignore[arg-type]
    message = refusal(f"{ARCHITECTURE}:third")
    assert "first_tag, second" in message
    assert "first_tag, second" in refusal(ARCHITECTURE)


def test_files_that_cannot_be_used(weights: Path, tmp_path: Path) -> None:
    assert "no weights file" in refusal(f"{ARCHITECTURE}:{tmp_path / 'none.safetensors'}")
    bad = tmp_path / "bad.safetensors"
    for content in (b"", b"text", weights.read_bytes()[:5000]):
        bad.write_bytes(content)
        assert "bad.safetensors is damaged" in refusal(f"{ARCHITECTURE}:{bad}")
    save_file({"other": torch.zeros(3)}, bad)
    assert "does not hold the weights" in refusal(f"{ARCHITECTURE}:{bad}")
    save_file({}, bad)
    assert "does not hold the weights" in refusal(f"{ARCHITECTURE}:{bad}")


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".pth", ".ckpt"])
def test_pickles_are_never_opened(tmp_path: Path, weights: Path, suffix: str) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.mkdir, (str(tmp_path / "sprung"),))

    file = tmp_path / f"weights{suffix}"
    file.write_bytes(pickle.dumps(Trap()))
    assert "pickle" in refusal(f"{ARCHITECTURE}:{file}")
    disguised = tmp_path / "weights.safetensors"
    disguised.write_bytes(file.read_bytes())
    refusal(f"{ARCHITECTURE}:{disguised}")
    assert not (tmp_path / "sprung").exists()


def test_devices_and_dtypes_are_checked_before_anything_is_loaded() -> None:
    assert "device" in refusal("clip-b16", device="tpu")
    assert "dtype" in refusal("clip-b16", device="cpu", dtype="int4")
    assert "bfloat16" in refusal("clip-b16", device="cpu", dtype="float16")


def test_architectures_of_one_size_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "tiny-test-relpos"
    config = {
        "embed_dim": 16,
        "vision_cfg": {"timm_model_name": "vit_relpos_small_patch16_224", "timm_pool": ""},
        "text_cfg": {"width": 16, "heads": 2, "layers": 1, "vocab_size": 49408},
    }
    monkeypatch.setitem(factory._MODEL_CONFIGS, name, config)
    logging.disable(logging.WARNING)
    try:
        network = open_clip.create_model(name)
    finally:
        logging.disable(logging.NOTSET)
    save_file(network.state_dict(), tmp_path / "x.safetensors")
    message = refusal(f"{name}:{tmp_path / 'x.safetensors'}", device="cpu")
    assert "cannot be used for segmentation" in message


def test_every_preset_names_models_that_open_clip_has() -> None:
    models = available_models()
    assert models[0].name == "lite"
    assert len({m.name for m in models}) == len(models)
    for model in models[1:]:
        variant = next((v for v in VARIANTS if v.name == model.name), None)
        parts = (model.proposer, model.classifier) if variant is None else (variant.clip,)
        for part in filter(None, parts):
            _, tag, config = resolve(part)
            assert isinstance(tag, str)
            assert config["hf_hub"]
        assert model.megabytes > 0
        assert model.description


def test_a_single_model_is_a_pair(weights: Path) -> None:
    pair = load_model(f"{ARCHITECTURE}:{weights}", device="cpu")
    again = as_pair(pair.proposer)
    assert as_pair(pair) is pair
    assert again.proposer is again.classifier is pair.proposer
    assert again.name == pair.name
