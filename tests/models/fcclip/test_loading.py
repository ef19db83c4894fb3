"""``load_model`` with FC-CLIP's names, and what ``models --check`` says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from car_video.errors import ModelError
from car_video.models import VisionLanguageModel, available_models, load_model
from car_video.models.catalog import check_name
from car_video.models.fcclip.architecture import VARIANTS
from car_video.models.fcclip.checkpoint import convert
from car_video.models.fcclip.key_map import CLIP
from car_video.models.verification import verify_model
from tests.models.contract import check_vision_language_model
from tests.models.fcclip.files import ARCHITECTURE, small_fcclip


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_fcclip(tmp_path_factory.mktemp("fcclip")) as source:
        yield source


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "cache"


def refusal(source: str) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(source, "cpu")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_beside_a_clip_of_ones_own(name: str) -> None:
    model: Any = load_model(name, "cpu").proposer
    assert isinstance(model, VisionLanguageModel)
    assert model.name == name
    assert model.network.backbone.drops_empty
    check_vision_language_model(model)


def test_what_is_verified_of_a_model(name: str) -> None:
    found = dict(verify_model(name, "cpu"))
    assert found["FC-CLIP"] == "not a published variant"
    assert "tensors" in found["trained part"]
    assert found["its logit scale"].startswith("20.00")
    assert found["masks"].startswith("6, finite")


def test_weights_that_give_nothing_are_found_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(name.removeprefix("FCCLIP:").partition("+")[0])
    state = torch.load(path, weights_only=True)["model"]
    for tensor in state.values():
        tensor.zero_()
    torch.save(state, tmp_path / "zero.pth")
    with pytest.raises(ModelError, match="are the same; the weights are damaged"):
        dict(verify_model(name.replace(str(path), str(tmp_path / "zero.pth")), "cpu"))


def test_a_clip_inside_of_the_file_is_used(name: str, tmp_path: Path) -> None:
    trained, _, clip = name.removeprefix("FCCLIP:").partition("+")
    own = load_file(clip.partition(":")[2])
    state = torch.load(trained, weights_only=True)["model"]
    state |= {CLIP + key: tensor for key, tensor in own.items()}
    state[CLIP + "logit_scale"] = torch.tensor(3.0)
    state[CLIP + "attn_mask"] = torch.zeros(77, 77)
    torch.save({"model": state}, tmp_path / "whole.pth")
    convert(tmp_path / "whole.pth", tmp_path / "whole.safetensors", keep_clip=True)
    source = f"FCCLIP:{tmp_path / 'whole.safetensors'}+{clip}"
    assert load_model(source, "cpu").proposer.logit_scale == pytest.approx(20.0855, abs=1e-3)
    del state[CLIP + "visual.conv1.weight"]
    torch.save({"model": state}, tmp_path / "part.pth")
    assert "is not tiny-fcclip-resnet" in refusal(f"FCCLIP:{tmp_path / 'part.pth'}+{clip}")


def test_trunks_that_are_none_of_the_published_ones_must_be_named(name: str) -> None:
    message = refusal(name.partition("+")[0])
    assert "32, 64, 128, 256 channels" in message
    assert "+ARCHITECTURE:WEIGHTS" in message


def test_the_trained_part_of_another_clip(name: str, tmp_path: Path) -> None:
    trained, _, clip = name.removeprefix("FCCLIP:").partition("+")
    state = torch.load(trained, weights_only=True)["model"]
    state["sem_seg_head.pixel_decoder.adapter_1.weight"] = torch.ones(64, 40, 1, 1)
    torch.save(state, tmp_path / "fcclip.pth")
    message = refusal(f"FCCLIP:{tmp_path / 'fcclip.pth'}+{clip}")
    assert f"was not trained on {ARCHITECTURE}" in message


def test_published_names_say_what_to_put_where(cache: Path) -> None:
    message = refusal("fc-clip-convnext-l")
    assert "fcclip_cocopan.pth" in message
    assert str(cache / "weights" / "fc-clip-convnext-l") in message
    names = {info.name for info in available_models()}
    assert {variant.name for variant in VARIANTS} <= names


def test_a_file_of_another_variant_is_refused(name: str, cache: Path) -> None:
    (cache / "weights").mkdir(parents=True)
    trained = Path(name.removeprefix("FCCLIP:").partition("+")[0])
    (cache / "weights" / "fc-clip-rn50.pth").write_bytes(trained.read_bytes())
    assert "is of another trunk, not of fc-clip-rn50" in refusal("fc-clip-rn50")


def test_names_that_are_no_files() -> None:
    assert "no weights file" in refusal("FCCLIP:nowhere.pth")
    assert "say which file" in refusal("FCCLIP:")
    assert "no checkpoint; wanted" in refusal("FCCLIP:picture.jpg")
    with pytest.raises(ModelError, match="no weights file"):
        check_name("FCCLIP:nowhere.pth+RN50:openai")
