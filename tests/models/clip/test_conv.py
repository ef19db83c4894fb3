"""Convolutional families against the unmodified open_clip network and automatic gradients."""

from __future__ import annotations

from typing import Any

import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.modified_resnet import AttentionPool2d
from torch import nn

from car_video.models.clip.conv import ConvModel, ResNetModel, TimmConvModel
from car_video.models.clip.conv_heads import AttentionPoolHead, Head, MeanPoolHead
from car_video.models.clip.layers import UnsupportedLayer
from car_video.segment.proposals.gradcam import grad_cam
from tests.models.conftest import tiny_vit, tokens, unit
from tests.naive import gradcam as naive

TRUE = {"RN50": ResNetModel, "convnext_base": TimmConvModel}


def attention_head() -> tuple[Head, Any]:
    """The head and open_clip's own layer, 12 channels, trained for 3 x 3 cells."""
    torch.manual_seed(0)
    pool = AttentionPool2d(3, 12, 3, 7).double().requires_grad_(False)
    for layer in (pool.q_proj, pool.k_proj):
        layer.weight.mul_(4)
    return AttentionPoolHead(pool, "bilinear"), pool


def mean_head(layers: list[nn.Module], norm: bool = True) -> tuple[Head, Any]:
    """The head and the same as a plain network over the mean cell."""
    torch.manual_seed(0)
    first = nn.LayerNorm(12, eps=1e-6)
    nn.init.normal_(first.weight)
    nn.init.normal_(first.bias)
    network = nn.Sequential(first if norm else nn.Identity(), *layers)
    network.double().requires_grad_(False)

    def pooled(cells: torch.Tensor) -> torch.Tensor:
        return network(cells.mean((-2, -1)))

    return MeanPoolHead(first if norm else None, layers), pooled


HEADS = {
    "attention": attention_head,
    "linear": lambda: mean_head([nn.Linear(12, 7, bias=False)]),
    "mlp": lambda: mean_head([nn.Linear(12, 20), nn.GELU(), nn.Linear(20, 7, bias=False)]),
    "no norm": lambda: mean_head([nn.Linear(12, 7)], norm=False),
}


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(sorted(HEADS)),
    batch=st.integers(1, 3),
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    count=st.integers(0, 30),
    seed=st.integers(0, 1000),
)
def test_heads_pool_and_pull_back(
    kind: str, batch: int, rows: int, columns: int, count: int, seed: int
) -> None:
    head, own = HEADS[kind]()
    generator = torch.Generator().manual_seed(seed)
    cells = torch.randn(batch, 12, rows, columns, generator=generator, dtype=torch.float64)
    directions = torch.randn(batch, count, 7, generator=generator, dtype=torch.float64)
    leaf = cells.clone().requires_grad_()
    if kind == "attention":
        with naive.positions_for(own, rows, columns):
            pooled = own(leaf)
    else:
        pooled = own(leaf)
    torch.testing.assert_close(head.pool(cells), pooled.detach())
    got = head.pull_back(cells, directions)
    assert got.shape == (batch, count, 12)
    for index in range(count):
        gradient = torch.autograd.grad(pooled, leaf, directions[:, index], retain_graph=True)
        want = gradient[0].mean((-2, -1))
        torch.testing.assert_close(got[:, index], want, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_a_mask_of_one_cell_is_that_cell_s_embedding(kind: str) -> None:
    head, own = HEADS[kind]()
    cells = torch.randn(2, 12, 3, 4, dtype=torch.float64)
    dense = head.dense(cells)
    assert dense.shape == (2, 7, 3, 4)
    masks = torch.zeros(2, 3, 3, 4)
    masks[:, 0, 1, 2] = 0.3
    masks[:, 1] = 1
    pooled = head.pool_masks(cells, masks)
    torch.testing.assert_close(pooled[:, 0], dense[:, :, 1, 2])
    assert torch.equal(pooled[:, 2], torch.zeros_like(pooled[:, 2]))
    if kind == "attention":  # linear after the attention: the mean of the cells
        torch.testing.assert_close(pooled[:, 1], dense.mean((2, 3)))
    else:  # a single cell, repeated, is its own mean; a full mask is the plain pooling
        torch.testing.assert_close(pooled[:, 1], own(cells))
        torch.testing.assert_close(dense[:, :, 0, 0], own(cells[:, :, :1, :1]))


@pytest.fixture(scope="module")
def models(true_network: Any) -> dict[str, ConvModel]:
    return {
        name: family(name, true_network(name), open_clip.get_tokenizer(name))
        for name, family in TRUE.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TRUE))
@pytest.mark.parametrize(("size", "count"), [((96, 128), 24), ((160, 64), 1)])
def test_true_architectures(
    models: dict[str, ConvModel], name: str, size: tuple[int, int], count: int
) -> None:
    model = models[name]
    pixels = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    features = model.encode_image(pixels)
    assert features.grid == (size[0] // 32, size[1] // 32)
    texts = unit(count, model.embed_dim, torch.float32)
    words = unit(23, model.embed_dim, torch.float32, 1)
    fast = grad_cam(model, features, texts, words)
    slow = naive.cams(
        model.visual, model.prepare(pixels), texts, words, model.logit_scale, "semantic"
    )
    assert float((fast - slow).abs().max()) < 1e-4
    assert bool((fast.amax((-2, -1)) > 0).any())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TRUE))
def test_classifier_embedding_is_the_network_s_own(
    models: dict[str, ConvModel], name: str
) -> None:
    model = models[name]
    square = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        own = model.network.encode_image(model.prepare(square))
    assert float((model.embed_image(square) - own).norm() / own.norm()) < 1e-5
    # The frame's pooled embedding is the same one: the network's own pooling.
    assert float((model.encode_image(square).pooled - own).norm() / own.norm()) < 1e-5


def test_other_towers_are_refused() -> None:
    for family in TRUE.values():
        with pytest.raises(UnsupportedLayer):
            family("vit", tiny_vit(), tokens)
    with pytest.raises(UnsupportedLayer):
        MeanPoolHead(None, [nn.Conv2d(3, 3, 1)])
