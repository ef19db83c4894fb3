"""The bundled model with its real weights: the protocol, exactness, and a little sense."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.errors import ModelError
from car_video.models import VisionLanguageModel, bundled, load_model
from car_video.models.lite.model import MAX_TOKENS, LiteModel, load_lite
from car_video.models.pair import ModelPair
from tests.models.conftest import unit

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def lite(lite: ModelPair) -> LiteModel:
    model = lite.proposer
    assert isinstance(model, LiteModel)
    return model


def picture(height: int, width: int, batch: int = 1, seed: int = 0) -> Tensor:
    """Smooth coloured noise in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(batch, 3, 5, 5, generator=generator)
    return F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


def test_it_is_a_model_like_every_other(lite: LiteModel) -> None:
    assert isinstance(lite, VisionLanguageModel)
    pair = load_model("lite", "cpu", "float32")
    assert pair.name == lite.name == "lite"
    assert pair.shared
    assert isinstance(pair.proposer, VisionLanguageModel)
    assert pair.proposer.device == torch.device("cpu")
    assert not any(p.requires_grad for p in lite.parameters())
    assert not lite.training


def test_texts_are_unit_vectors(lite: LiteModel) -> None:
    texts = ["a dog", "", "the man in red on the left", "犬 🐕 né", "x " * 5000]
    vectors = lite.encode_text(texts)
    assert vectors.shape == (5, lite.embed_dim)
    assert vectors.dtype == torch.float32
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(5))
    assert lite.encode_text([]).shape == (0, lite.embed_dim)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=80), min_size=2, max_size=3))
def test_a_text_does_not_depend_on_its_company(lite: LiteModel, texts: list[str]) -> None:
    together = lite.encode_text(texts)
    alone = torch.cat([lite.encode_text([text]) for text in texts])
    torch.testing.assert_close(together, alone, atol=2e-5, rtol=0)


def test_long_texts_are_cut_by_rule(lite: LiteModel) -> None:
    exact = "dog " * (MAX_TOKENS - 2)  # and the two marks around it
    assert not lite.truncates("the man in red")
    assert not lite.truncates(exact)
    assert lite.truncates(exact + "dog")
    torch.testing.assert_close(
        lite.encode_text([exact]), lite.encode_text([exact + "and then a cat"])
    )


@pytest.mark.parametrize(("height", "width"), [(64, 96), (16, 16), (240, 32)])
def test_shapes_and_the_dense_map_is_exact(lite: LiteModel, height: int, width: int) -> None:
    features = lite.encode_image(picture(height, width, batch=2))
    rows, columns = height // 16, width // 16
    assert features.grid == (rows, columns)
    assert features.cam_map.shape == (2, 1024, rows, columns)
    assert features.dense is not None
    assert features.dense.shape == (2, lite.embed_dim, rows, columns)
    torch.testing.assert_close(features.dense.mean((2, 3)), features.pooled)
    again = lite.image.head(features.cam_map.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(features.dense, again)


def test_embed_image_is_the_pooled_embedding(lite: LiteModel) -> None:
    pixels = picture(96, 96, batch=3)
    torch.testing.assert_close(
        lite.embed_image(pixels), lite.encode_image(pixels).pooled, atol=1e-4, rtol=1e-4
    )


def test_pictures_do_not_depend_on_their_company(lite: LiteModel) -> None:
    pixels = torch.cat([picture(64, 80, seed=seed) for seed in range(3)])
    together = lite.encode_image(pixels).cam_map
    alone = torch.cat([lite.encode_image(one[None]).cam_map for one in pixels])
    torch.testing.assert_close(together, alone, atol=1e-3, rtol=1e-3)


def test_pull_back_is_the_gradient(lite: LiteModel) -> None:
    features = lite.encode_image(picture(64, 96, batch=2))
    directions = torch.stack([unit(5, lite.embed_dim, torch.float32, seed) for seed in (0, 1)])
    cells = features.cam_map.clone().requires_grad_()  # leaves inference mode
    pooled = lite.image.head(cells.permute(0, 2, 3, 1)).mean((1, 2))
    expected = [
        torch.autograd.grad((pooled * directions[:, n]).sum(), cells, retain_graph=True)[0]
        for n in range(5)
    ]
    got = lite.pull_back(features, directions)
    assert got.shape == (2, 5, 1024)
    torch.testing.assert_close(got, torch.stack(expected, 1).mean((-2, -1)))


def test_pool_masks(lite: LiteModel) -> None:
    features = lite.encode_image(picture(64, 96, batch=2))
    assert features.dense is not None
    masks = torch.zeros(2, 4, 4, 6)
    masks[:, 0] = 1  # everything
    masks[:, 2, 1:3, 2:4] = 0.5  # weights are relative
    masks[:, 3, 3, 5] = 1  # one cell
    pooled = lite.pool_masks(features, masks)
    torch.testing.assert_close(pooled[:, 0], features.pooled)
    assert (pooled[:, 1] == 0).all()  # an empty mask
    torch.testing.assert_close(pooled[:, 2], features.dense[..., 1:3, 2:4].mean((-2, -1)))
    torch.testing.assert_close(pooled[:, 3], features.dense[..., 3, 5])
    booleans = lite.pool_masks(features, masks > 0)
    torch.testing.assert_close(booleans, pooled)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (128, 32)])
def test_dilated_trunk_keeps_the_strided_outputs(
    lite: LiteModel, height: int, width: int
) -> None:
    """Even cells of the dilated stage are those of ResNet-50 as it was trained, stride 32."""
    from timm import create_model

    strided = create_model("resnet50", num_classes=0)
    for module in list(strided.modules()):  # folded: convolutions with bias, no norm
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.BatchNorm2d):
                setattr(module, name, torch.nn.Identity())
            elif isinstance(child, torch.nn.Conv2d):
                child.bias = torch.nn.Parameter(torch.zeros(child.out_channels))
    strided.load_state_dict(lite.image.trunk.state_dict(), strict=True)
    for stage in (strided.layer2, strided.layer3, strided.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    pixels = picture(height, width).flip(1) * 255 - lite.image.mean
    with torch.inference_mode():
        plain = strided.eval().forward_features(pixels)
        dilated = lite.image.trunk.forward_features(pixels)
    assert plain.shape[-2:] == (height // 32, width // 32)
    assert dilated.shape[-2:] == (height // 16, width // 16)
    torch.testing.assert_close(dilated[..., ::2, ::2], plain, atol=1e-3, rtol=1e-3)


def test_half_precision_is_near(lite: LiteModel) -> None:
    pixels = picture(128, 160)
    quick = load_lite(torch.device("cpu"), torch.bfloat16)
    texts = lite.encode_text(["a dog"])
    assert torch.equal(quick.encode_text(["a dog"]), texts)  # texts stay float32
    ours, exact = quick.encode_image(pixels), lite.encode_image(pixels)
    assert ours.pooled.dtype == torch.float32
    assert F.cosine_similarity(ours.pooled, exact.pooled).item() > 0.98


def test_it_tells_simple_things_apart(lite: LiteModel) -> None:
    generator = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.rand(2, 3, 128, 128, generator=generator)
    colours = torch.tensor([[0.2, 0.5, 0.1], [0.45, 0.7, 0.9]])
    images = F.normalize(lite.embed_image(colours[..., None, None] + noise), dim=-1)
    texts = lite.encode_text(["green grass", "the blue sky"])
    likeness = images @ texts.T
    assert likeness.trace() > likeness.flip(1).trace() + 0.05


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the bundled files that may be damaged, links where nothing is changed."""
    for file in bundled.weights_folder().iterdir():
        if file.is_file():
            (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(bundled, "weights_folder", lambda: tmp_path)
    return tmp_path


def damage(file: Path) -> None:
    """Flip one bit in the middle of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.unlink()
    file.write_bytes(data)


def damage_start(file: Path) -> None:
    """A file that begins with something else."""
    data = file.read_bytes()
    file.unlink()
    file.write_bytes(b"]" + data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: damage(f / "lite_image.safetensors"), "damaged: lite_image.safetensors"),
        (lambda f: (f / "lite_text.safetensors").unlink(), "missing: lite_text.safetensors"),
        (lambda f: (f / "lite.json").unlink(), "the bundled model is missing"),
        (
            lambda f: damage_start(f / "lite.json"),
            r"'.*lite.json' is damaged \(.*\); reinstall",
        ),
    ],
)
def test_damaged_weights(copied: Path, change: Callable[[Path], Any], message: str) -> None:
    change(copied)
    with pytest.raises(ModelError, match=message):
        load_model("lite", "cpu")


def test_the_copy_loads_undamaged(copied: Path) -> None:
    file = copied / "lite_text.safetensors"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    assert load_model("lite", "cpu").proposer.name == "lite"


def test_the_folder_fits_the_budget() -> None:
    files = [
        f for f in bundled.weights_folder().iterdir() if f.suffix in (".safetensors", ".json")
    ]
    assert sum(f.stat().st_size for f in files) <= 80e6
    config = json.loads((bundled.weights_folder() / "lite.json").read_text())
    # These are made anew without new weights, and are checked when they are read.
    unsigned = {"lite.json", "tokenizer.json", "lite_calibration.json"}
    unsigned |= {"lite_tracking.json", "colours.json"}
    assert set(config["sha256"]) == {f.name for f in files} - unsigned
