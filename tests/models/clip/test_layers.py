"""Derivatives by hand against automatic ones; positions against explicit interpolation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.transformer import QuickGELU
from torch import nn

from car_video.models.clip.layers import (
    UnsupportedLayer,
    activation_slope,
    layer_norm,
    standardise,
    standardise_backward,
)
from car_video.models.clip.positions import PositionTable, resize_positions
from tests.naive.gradcam import resize_axis


@pytest.mark.parametrize(
    "activation", [QuickGELU(), nn.GELU(), nn.GELU(approximate="tanh"), nn.ReLU()]
)
def test_slopes(activation: nn.Module) -> None:
    x = torch.linspace(-6, 6, 201, dtype=torch.float64, requires_grad=True)
    want = torch.autograd.grad(activation(x).sum(), x)[0]
    torch.testing.assert_close(activation_slope(x.detach(), activation), want)


def test_unknown_activations_are_refused() -> None:
    with pytest.raises(UnsupportedLayer, match="Tanh"):
        activation_slope(torch.zeros(3), nn.Tanh())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), width=st.integers(2, 20))
def test_standardise_and_its_gradient(seed: int, width: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, gradient = torch.randn(2, 4, width, generator=generator, dtype=torch.float64)
    x.requires_grad_()
    own = nn.functional.layer_norm(x, (width,), eps=1e-5)
    unit, deviation = standardise(x.detach(), 1e-5)
    torch.testing.assert_close(unit, own.detach())
    want = torch.autograd.grad(own, x, gradient)[0]
    torch.testing.assert_close(standardise_backward(gradient, unit, deviation), want)


def test_layer_norm_of_halves_is_computed_in_float32() -> None:
    norm = nn.LayerNorm(64)
    nn.init.normal_(norm.weight)
    x = 300 + torch.randn(5, 64)
    half = x.half()
    got = layer_norm(half, norm.half())
    want = nn.functional.layer_norm(half.float(), (64,), norm.weight.float(), norm.bias.float())
    assert got.dtype == torch.float16
    torch.testing.assert_close(got, want.half())
    assert layer_norm(half, nn.Identity()) is half


@settings(max_examples=30, deadline=None)
@given(side=st.integers(1, 6), rows=st.integers(1, 12), columns=st.integers(1, 12))
def test_positions_are_resized_by_half_pixel_centres(
    side: int, rows: int, columns: int
) -> None:
    table = torch.randn(1 + side * side, 5, dtype=torch.float64)
    got = resize_positions(table, (side, side), (rows, columns))
    grid = table[1:].reshape(side, side, 5).numpy()
    want = np.einsum(
        "ai,bj,ijd->abd", resize_axis(side, rows), resize_axis(side, columns), grid
    )
    np.testing.assert_allclose(got[1:].numpy(), want.reshape(-1, 5), atol=1e-12)
    assert torch.equal(got[0], table[0])


def test_positions_bicubic_is_that_of_open_clip() -> None:
    """open_clip resizes the table of a checkpoint: the same numbers."""
    from open_clip.model import resize_pos_embed

    table = torch.randn(1 + 49, 6)

    class Tower:
        grid_size = (5, 9)

    class Network:
        visual = Tower()

    state = {"visual.positional_embedding": table.clone()}
    resize_pos_embed(state, Network())
    got = resize_positions(table, (7, 7), (5, 9), "bicubic")
    torch.testing.assert_close(got, state["visual.positional_embedding"])


def test_tables_are_computed_once_per_grid() -> None:
    positions = PositionTable(torch.randn(10, 4, dtype=torch.float16), (3, 3), "bilinear", 2)
    first = positions((5, 4))
    assert first.dtype == torch.float32
    assert positions((5, 4)) is first
    for grid in ((2, 2), (3, 3), (4, 4)):
        positions(grid)
    assert positions((5, 4)) is not first
    torch.testing.assert_close(positions((5, 4)), first)
