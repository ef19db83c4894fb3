"""The ViT family against the unmodified open_clip network and automatic gradients."""

from __future__ import annotations

from typing import Any

import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.models.clip.layers import UnsupportedLayer
from car_video.models.clip.vit import VitModel, VitOptions
from car_video.segment.proposals.gradcam import grad_cam
from tests.models.conftest import tiny_vit, tokens, unit
from tests.naive import gradcam as naive

VARIANTS: dict[str, dict[str, Any]] = {
    "quick gelu": {},
    "gelu": {"quick_gelu": False},
    "tanh gelu": {"quick_gelu": False, "act_kwargs": {"approximate": "tanh"}},
    "layer scale": {"ls_init_value": 0.3},
    "no first norm": {"no_ln_pre": True},
    "norm after mean": {"pool_type": "avg", "final_ln_after_pool": True},
    "mean": {"pool_type": "avg"},
}


@pytest.fixture(scope="module")
def tiny() -> dict[str, VitModel]:
    return {
        name: VitModel(name, tiny_vit(**options), tokens) for name, options in VARIANTS.items()
    }


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    variant=st.sampled_from(sorted(VARIANTS)),
    mode=st.sampled_from(["semantic", "refer"]),
    batch=st.integers(1, 3),
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    queries=st.integers(1, 80),
    background=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
def test_maps_are_those_of_a_gradient_per_query(
    tiny: dict[str, VitModel],
    variant: str,
    mode: Any,
    batch: int,
    rows: int,
    columns: int,
    queries: int,
    background: int,
    seed: int,
) -> None:
    model = tiny[variant]
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand(batch, 3, 4 * rows, 4 * columns, generator=generator).double()
    texts = unit(queries, 20, torch.float64, seed)
    words = unit(background, 20, torch.float64, seed + 1)
    fast = grad_cam(model, model.encode_image(pixels), texts, words, mode)
    slow = naive.cams(
        model.visual, model.prepare(pixels), texts, words, model.logit_scale, mode
    )
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-8)


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_weights_are_the_mean_gradient(tiny: dict[str, VitModel], variant: str) -> None:
    """Not only up to a factor: ``pull_back`` is the gradient of the pooled embedding."""
    model = tiny[variant]
    pixels = torch.rand(1, 3, 20, 12, dtype=torch.float64)
    features = model.encode_image(pixels)
    leaf, pooled, _ = naive.activations(model.visual, model.prepare(pixels))
    torch.testing.assert_close(features.pooled[0], pooled.detach())
    directions = torch.randn(1, 5, 20, dtype=torch.float64)
    got = model.pull_back(features, directions)
    for index in range(5):
        gradient = torch.autograd.grad(pooled @ directions[0, index], leaf, retain_graph=True)[
            0
        ]
        torch.testing.assert_close(
            got[0, index], gradient[0, 1:].mean(0), rtol=1e-9, atol=1e-12
        )


def test_many_directions_in_small_pieces(
    tiny: dict[str, VitModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny["quick gelu"]
    features = model.encode_image(torch.rand(2, 3, 16, 20, dtype=torch.float64))
    directions = torch.randn(2, 17, 20, dtype=torch.float64)
    whole = model.pull_back(features, directions)
    monkeypatch.setattr("car_video.models.clip.vit_gradient.ELEMENT_BUDGET", 2 * 20 * 96 * 3)
    torch.testing.assert_close(model.pull_back(features, directions), whole)
    assert model.pull_back(features, directions[:, :0]).shape == (2, 0, 24)


def test_pull_back_is_linear(tiny: dict[str, VitModel]) -> None:
    model = tiny["gelu"]
    features = model.encode_image(torch.rand(1, 3, 12, 16, dtype=torch.float64))
    a, b = torch.randn(2, 1, 4, 20, dtype=torch.float64)
    mixed = model.pull_back(features, 2 * a - 3 * b)
    parts = 2 * model.pull_back(features, a) - 3 * model.pull_back(features, b)
    torch.testing.assert_close(mixed, parts)
    zero = model.pull_back(features, torch.zeros_like(a))
    assert torch.equal(zero, torch.zeros_like(zero))


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_classifier_embedding_is_the_network_s_own(
    tiny: dict[str, VitModel], variant: str
) -> None:
    model = tiny[variant]
    pixels = torch.rand(3, 3, 12, 12, dtype=torch.float64)
    with torch.no_grad():
        own = model.network.encode_image(model.prepare(pixels))
    torch.testing.assert_close(model.embed_image(pixels), own)


def test_penultimate_block_leaves_out_the_last() -> None:
    network = tiny_vit()
    model = VitModel("tiny", network, tokens)
    pixels = torch.rand(2, 3, 12, 12, dtype=torch.float64)
    got = model.embed_image(pixels, penultimate=True)
    network.visual.transformer.resblocks = network.visual.transformer.resblocks[:-1]
    with torch.no_grad():
        torch.testing.assert_close(got, network.encode_image(model.prepare(pixels)))


def test_affinity_is_the_mean_attention_of_the_last_blocks() -> None:
    network = tiny_vit()
    model = VitModel("tiny", network, tokens, options=VitOptions(affinity_layers=2))
    pixels = torch.rand(1, 3, 12, 12, dtype=torch.float64)
    kept: list[torch.Tensor] = []
    for block in network.visual.transformer.resblocks[-2:]:
        attend = block.attn.forward

        def with_weights(q: Any, k: Any, v: Any, attend: Any = attend, **_: Any) -> Any:
            out = attend(q, k, v, need_weights=True)
            kept.append(out[1])
            return out

        block.attn.forward = with_weights
    with torch.no_grad():
        network.encode_image(model.prepare(pixels))
    want = (kept[0] + kept[1])[:, 1:, 1:] / 2
    got = model.encode_image(pixels).affinity
    assert got is not None
    torch.testing.assert_close(got, want)


def test_affinity_a_few_heads_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model = VitModel("tiny", tiny_vit(), tokens)
    pixels = torch.rand(1, 3, 16, 12, dtype=torch.float64)
    whole = model.encode_image(pixels)
    monkeypatch.setattr("car_video.models.clip.vit_blocks.ATTENTION_BUDGET", 1)
    pieces = model.encode_image(pixels)
    assert whole.affinity is not None
    assert pieces.affinity is not None
    torch.testing.assert_close(whole.affinity, pieces.affinity)
    torch.testing.assert_close(whole.pooled, pieces.pooled)


@pytest.mark.parametrize("dense", ["value", "self"])
def test_mask_pooling_is_a_mean_of_the_dense_map(dense: Any) -> None:
    model = VitModel("tiny", tiny_vit(), tokens, options=VitOptions(dense=dense))
    features = model.encode_image(torch.rand(2, 3, 12, 16, dtype=torch.float64))
    masks = torch.zeros(2, 3, 3, 4)
    masks[:, 0] = 1
    masks[:, 1, 1, 2] = 0.5
    pooled = model.pool_masks(features, masks)
    assert features.dense is not None
    assert features.dense.shape == (2, 20, 3, 4)
    torch.testing.assert_close(pooled[:, 0], features.dense.mean((2, 3)))
    torch.testing.assert_close(pooled[:, 1], features.dense[:, :, 1, 2])
    assert torch.equal(pooled[:, 2], torch.zeros_like(pooled[:, 2]))


def test_no_dense_map_on_request() -> None:
    model = VitModel(
        "tiny", tiny_vit(), tokens, options=VitOptions(affinity_layers=0, dense=None)
    )
    features = model.encode_image(torch.rand(1, 3, 12, 12, dtype=torch.float64))
    assert features.dense is None
    assert features.affinity is None
    with pytest.raises(ValueError, match="dense"):
        model.pool_masks(features, torch.ones(1, 1, 3, 3))


def test_sizes_that_are_no_multiple_are_refused(tiny: dict[str, VitModel]) -> None:
    for height, width in ((13, 12), (12, 10), (0, 12)):
        with pytest.raises(ValueError, match="multiples of 4"):
            tiny["gelu"].encode_image(torch.rand(1, 3, height, width))
    with pytest.raises(ValueError, match="B, 3, H, W"):
        tiny["gelu"].encode_image(torch.rand(1, 4, 12, 12))


@pytest.mark.parametrize(
    "vision",
    [
        {"attentional_pool": True, "attn_pooler_heads": 4},
        {"qk_norm": True, "block_type": "custom"},
    ],
)
def test_other_towers_are_left_to_the_fallback(vision: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedLayer):
        VitModel("other", tiny_vit(**vision), tokens)


def test_texts_are_encoded_once_and_unit_length(tiny: dict[str, VitModel]) -> None:
    model = VitModel("tiny", tiny_vit(), tokens)
    calls: list[int] = []
    encode = model.network.encode_text
    model.network.encode_text = lambda t: (calls.append(len(t)), encode(t))[1]
    first = model.encode_text(["dog", "cat", "dog"])
    again = model.encode_text(["cat", "dog"])
    assert calls == [2]
    torch.testing.assert_close(first.norm(dim=-1), torch.ones(3, dtype=first.dtype))
    assert torch.equal(first[[1, 0]], again)
    assert model.encode_text([]).shape == (0, 20)


@pytest.mark.parametrize("grid", [(24, 32), (30, 54), (3, 37)])
def test_grids_of_real_frames(grid: tuple[int, int]) -> None:
    """375 x 500 and 480 x 854 pixels at stride 16, and a strip, in float32."""
    network = tiny_vit().float()
    model = VitModel("tiny", network, tokens)
    pixels = torch.rand(1, 3, 4 * grid[0], 4 * grid[1])
    texts, words = unit(7, 20, torch.float32), unit(23, 20, torch.float32, 1)
    fast = grad_cam(model, model.encode_image(pixels), texts, words)
    slow = naive.cams(
        model.visual, model.prepare(pixels), texts, words, model.logit_scale, "semantic"
    )
    assert float((fast - slow).abs().max()) < 1e-4


@pytest.fixture(scope="module")
def vit_b16(true_network: Any) -> VitModel:
    return VitModel("ViT-B-16", true_network("ViT-B-16"), open_clip.get_tokenizer("ViT-B-16"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "count", "mode"),
    [((96, 128), 24, "semantic"), ((96, 128), 6, "refer"), ((256, 384), 3, "semantic")],
)
def test_true_vit_b16(vit_b16: VitModel, size: tuple[int, int], count: int, mode: Any) -> None:
    """The architecture of CaR in float32 against automatic gradients."""
    model = vit_b16
    pixels = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    texts, words = unit(count, 512, torch.float32), unit(23, 512, torch.float32, 1)
    fast = grad_cam(model, model.encode_image(pixels), texts, words, mode)
    slow = naive.cams(
        model.visual, model.prepare(pixels), texts, words, model.logit_scale, mode
    )
    assert float((fast - slow).abs().max()) < 1e-4
    assert (fast.amax((-2, -1)) > 0).float().mean() > 0.5


@pytest.mark.slow
def test_true_vit_b16_classifies_as_open_clip_does(vit_b16: VitModel) -> None:
    model = vit_b16
    square = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        own = model.network.encode_image(model.prepare(square))
    difference = (model.embed_image(square) - own).norm() / own.norm()
    assert float(difference) < 1e-5
