"""A picture's part of a batch is what the picture gives alone, in every family."""

from __future__ import annotations

from dataclasses import dataclass

import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.models.base import ImageFeatures, VisionLanguageModel
from car_video.models.batching import encode_each, own_part
from car_video.models.clip.autograd import AutogradModel
from car_video.models.clip.conv import ResNetModel, TimmConvModel
from car_video.models.clip.vit import VitModel, VitOptions
from tests.models.conftest import TEXT, sane, tiny_vit, tokens
from tests.segment.fake_model import FakeModel

torch.set_num_threads(1)


def small_resnet() -> ResNetModel:
    torch.manual_seed(0)
    vision = {"layers": [1, 1, 1, 1], "width": 8, "head_width": 8, "image_size": 64}
    network = open_clip.CLIP(16, vision, TEXT)
    network.visual_size = (64, 64)
    return ResNetModel("resnet", sane(network).double(), tokens)


def small_convnext() -> TimmConvModel:
    torch.manual_seed(0)
    vision = {
        "timm_model_name": "convnext_atto",
        "timm_pool": "",
        "timm_proj": "linear",
        "image_size": 64,
    }
    network = open_clip.CustomTextCLIP(16, vision, TEXT).eval()
    return TimmConvModel("convnext", network.double(), tokens)


FAMILIES = {
    "vit": lambda: VitModel("vit", tiny_vit(), tokens),
    "norm after mean": lambda: VitModel(
        "vit", tiny_vit(pool_type="avg", final_ln_after_pool=True), tokens
    ),
    "without more": lambda: VitModel(
        "vit", tiny_vit(), tokens, options=VitOptions(affinity_layers=0, dense=None)
    ),
    "fallback": lambda: AutogradModel("fallback", tiny_vit(), tokens),
    "resnet": small_resnet,
    "convnext": small_convnext,
    "fake": FakeModel,
}


@pytest.mark.parametrize("family", [*FAMILIES, "lite"])
def test_together_is_alone(family: str, request: pytest.FixtureRequest) -> None:
    model: VisionLanguageModel
    model = request.getfixturevalue("lite").proposer if family == "lite" else FAMILIES[family]()
    dtype = torch.float32 if family in ("fake", "lite") else torch.float64
    size = 3, 2 * model.stride, 3 * model.stride
    pictures = [
        torch.rand(1, *size, generator=torch.Generator().manual_seed(n), dtype=dtype)
        for n in range(3)
    ]
    directions = torch.randn(1, 4, model.embed_dim, dtype=dtype)
    masks = torch.rand(1, 2, 2, 3, dtype=dtype)
    close = {"rtol": 1e-4, "atol": 1e-4 if dtype == torch.float32 else 1e-9}
    for picture, own in zip(pictures, encode_each(model, pictures), strict=True):
        alone = model.encode_image(picture)
        assert own.grid == (2, 3)
        for name in ("cam_map", "pooled", "dense", "affinity"):
            torch.testing.assert_close(getattr(own, name), getattr(alone, name), **close)
        for _ in range(2):  # what the first call keeps serves the second
            torch.testing.assert_close(
                model.pull_back(own, directions), model.pull_back(alone, directions), **close
            )
        if own.dense is not None:
            torch.testing.assert_close(
                model.pool_masks(own, masks), model.pool_masks(alone, masks), **close
            )


class Counting(FakeModel):
    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        self.batches.append(len(pixels))
        return super().encode_image(pixels)


def test_one_pass_where_the_family_can() -> None:
    model = Counting()
    pictures = [torch.rand(1, 3, 16, 16)] * 4
    assert len(encode_each(model, pictures)) == 4
    model.encodes_batches = False  # type: ignore[attr-defined]
    assert len(encode_each(model, pictures)) == 4
    assert model.batches == [4, 1, 1, 1, 1]


@dataclass(frozen=True)
class Nested:
    own: Tensor
    more: tuple[Tensor, ...]
    table: dict[str, Tensor | None]
    shared: float = 0.5


@settings(max_examples=20, deadline=None)
@given(batch=st.integers(1, 5), index=st.integers(0, 4), width=st.integers(0, 3))
def test_a_part_is_a_view_of_what_is_the_pictures(batch: int, index: int, width: int) -> None:
    index %= batch
    rows = torch.arange(batch * 3).view(batch, 3)
    part = own_part(Nested(rows, (rows + 1,) * width, {"a": rows + 2, "b": None}), index)
    assert torch.equal(part.own, rows[index][None])
    assert part.own.untyped_storage().data_ptr() == rows.untyped_storage().data_ptr()
    assert [one.tolist() for one in part.more] == [(rows[index] + 1)[None].tolist()] * width
    assert part.table["a"] is not None
    assert torch.equal(part.table["a"], rows[index][None] + 2)
    assert part.table["b"] is None
    assert part.shared == 0.5
