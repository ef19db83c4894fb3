"""The fallback against the closed form where both exist, and on towers that only it serves."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import open_clip
import pytest
import torch

from car_video.models.clip.autograd import AutogradModel
from car_video.models.clip.base import OpenClipModel
from car_video.models.clip.conv import ResNetModel, TimmConvModel
from car_video.models.clip.factory import model_from_network
from car_video.models.clip.layers import UnsupportedLayer
from car_video.models.clip.vit import VitModel
from car_video.segment.proposals.gradcam import grad_cam
from tests.models.conftest import TEXT, sane, tiny_vit, tokens, unit

OTHERS: dict[str, dict[str, Any]] = {
    "coca": {"attentional_pool": True, "attn_pooler_heads": 4, "attn_pooler_queries": 5},
    "query-key norm": {"qk_norm": True, "block_type": "custom"},
    "cosine attention": {"scaled_cosine_attn": False, "scale_fc": True},
}


def timm_network(trunk: str, pool: str, proj: str = "linear") -> Any:
    torch.manual_seed(0)
    vision = {
        "timm_model_name": trunk,
        "timm_pool": pool,
        "timm_proj": proj,
        "image_size": 160 if "160" in trunk else 224,
    }
    return open_clip.CustomTextCLIP(16, vision, TEXT).eval()


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """timm transformers under open_clip's adapter: class token, map pooling, rotary."""
    return {
        "class token": timm_network("vit_tiny_patch16_224", "token"),
        "average": timm_network("vit_tiny_patch16_224", "avg"),
        "rotary": timm_network("vit_pe_core_tiny_patch16_384", "map"),
    }


def test_closed_form_and_fallback_agree() -> None:
    network = tiny_vit()
    closed = VitModel("closed", network, tokens)
    fallback = AutogradModel("fallback", network, tokens)
    pixels = torch.rand(2, 3, 20, 16, dtype=torch.float64)
    a, b = closed.encode_image(pixels), fallback.encode_image(pixels)
    torch.testing.assert_close(a.pooled, b.pooled)
    torch.testing.assert_close(a.cam_map, b.cam_map)
    directions = torch.randn(2, 6, 20, dtype=torch.float64)
    torch.testing.assert_close(
        closed.pull_back(a, directions), fallback.pull_back(b, directions)
    )
    texts, words = unit(5, 20, torch.float64), unit(3, 20, torch.float64, 1)
    torch.testing.assert_close(
        grad_cam(closed, a, texts, words), grad_cam(fallback, b, texts, words)
    )


def check(model: OpenClipModel, dtype: torch.dtype) -> None:
    """Finite differences for the gradient, the network itself for the embedding."""
    side = model.input_size
    square = torch.rand(1, 3, side, side, dtype=dtype)
    with torch.no_grad():
        own = model.visual(model.prepare(square))
    own = own[0] if isinstance(own, tuple) else own
    torch.testing.assert_close(model.embed_image(square), own)
    rows, columns = side // model.stride + 1, 2
    pixels = torch.rand(2, 3, rows * model.stride, columns * model.stride, dtype=dtype)
    features = model.encode_image(pixels)
    assert features.grid == (rows, columns)
    assert features.dense is not None
    assert features.dense.shape == (2, model.embed_dim, rows, columns)
    texts = unit(4, model.embed_dim, dtype)
    maps = grad_cam(model, features, texts, unit(3, model.embed_dim, dtype, 1))
    assert maps.shape == (2, 4, rows, columns)
    assert bool((maps.amax((-2, -1)) > 0).any())
    masks = torch.zeros(2, 2, rows, columns)
    masks[:, 0, 0, 1] = 1
    pooled = model.pool_masks(features, masks)
    torch.testing.assert_close(pooled[:, 0], features.dense[:, :, 0, 1])
    assert torch.equal(pooled[:, 1], torch.zeros_like(pooled[:, 1]))


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_unusual_open_clip_transformers(kind: str) -> None:
    model = model_from_network(kind, tiny_vit(**OTHERS[kind]), tokens)
    assert isinstance(model, AutogradModel)
    check(model, torch.float64)


@pytest.mark.parametrize("kind", ["class token", "average", "rotary"])
def test_timm_transformers_take_any_size(small: dict[str, Any], kind: str) -> None:
    model = model_from_network(kind, small[kind], tokens)
    assert isinstance(model, AutogradModel)
    check(model, torch.float32)


def test_gradient_by_finite_differences() -> None:
    """The coordinates of the mean gradient, one central difference each."""
    model = AutogradModel("coca", tiny_vit(**OTHERS["coca"]), tokens)
    pixels = torch.rand(1, 3, 12, 16, dtype=torch.float64)
    features = model.encode_image(pixels)
    direction = torch.randn(1, 1, 20, dtype=torch.float64)
    got = model.pull_back(features, direction)[0, 0]
    layer, step = model.tower.cam_layer, 1e-5
    for channel in range(0, 24, 5):
        ends = []
        for sign in (1, -1):

            def shift(_m: Any, _i: Any, out: Any, c: int = channel, s: int = sign) -> Any:
                out = out.clone()
                out[:, 1:, c] += s * step
                return out

            handle = layer.register_forward_hook(shift)
            with torch.no_grad():
                out = model.tower.pool(model.tower.tokens(model.prepare(pixels))[:, 1:])
            handle.remove()
            ends.append(float((out * direction[:, 0]).sum()))
        slope = (ends[0] - ends[1]) / (2 * step) / 12
        assert abs(slope - float(got[channel])) < 1e-8


def test_works_inside_inference_mode() -> None:
    model = AutogradModel("tiny", tiny_vit(), tokens)
    pixels = torch.rand(1, 3, 12, 12, dtype=torch.float64)
    texts, words = unit(3, 20, torch.float64), unit(2, 20, torch.float64, 1)
    outside = grad_cam(model, model.encode_image(pixels), texts, words)
    with torch.inference_mode():
        inner = torch.rand(1, 3, 12, 12, dtype=torch.float64).copy_(pixels)
        inside = grad_cam(model, model.encode_image(inner), texts * 1, words * 1)
    assert torch.equal(inside, outside)


def test_families_are_told_apart() -> None:
    assert isinstance(model_from_network("vit", tiny_vit(), tokens), VitModel)
    resnet = open_clip.CLIP(
        16, {"layers": [1, 1, 1, 1], "width": 8, "head_width": 16, "image_size": 64}, TEXT
    )
    assert isinstance(model_from_network("resnet", resnet.eval(), tokens), ResNetModel)
    convnext = timm_network("convnext_atto", "")
    assert isinstance(model_from_network("convnext", convnext, tokens), TimmConvModel)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", ["vit", "coca", "convnext", "rotary"])
def test_half_precision_stays_close(small: dict[str, Any], kind: str, dtype: Any) -> None:
    """Every way of converting a tower: mixed, whole, with and without a closed form."""

    def network() -> Any:
        if kind == "rotary":
            return deepcopy(small[kind])
        if kind == "convnext":
            return sane(timm_network("convnext_atto", ""))
        return tiny_vit(**OTHERS.get(kind, {})).float()

    full, half = (
        model_from_network(kind, network(), tokens),
        model_from_network(kind, network(), tokens, dtype=dtype),
    )
    assert half.dtype == dtype
    generator = torch.Generator().manual_seed(0)
    stride = full.stride
    pixels = torch.rand(1, 3, 3 * stride, 4 * stride, generator=generator)
    directions = 1e4 * torch.randn(1, 4, full.embed_dim, generator=generator)
    a, b = full.encode_image(pixels), half.encode_image(pixels)
    pairs = [
        (a.pooled, b.pooled),
        (a.cam_map, b.cam_map),
        (full.pull_back(a, directions), half.pull_back(b, directions)),
    ]
    for want, got in pairs:
        assert got.dtype == torch.float32
        assert float((got - want).norm() / want.norm()) < (
            0.1 if dtype == torch.bfloat16 else 0.02
        )
    assert torch.equal(full.encode_text(["dog"]), half.encode_text(["dog"]))


def test_towers_of_one_size_only_are_refused() -> None:
    network = timm_network("vit_relpos_small_patch16_224", "")
    with pytest.raises(UnsupportedLayer):
        model_from_network("relpos", sane(network), tokens)
