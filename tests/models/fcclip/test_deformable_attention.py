"""Deformable attention by tables of rows is that by ``grid_sample``."""

from __future__ import annotations

import pytest
import torch
from transformers.models.mask2former.modeling_mask2former import (
    multi_scale_deformable_attention,
)

from car_video.models.fcclip.deformable_attention import DeformableAttention, sampled_sum

SHAPES = {
    "usual": [(2, 3), (4, 6), (8, 12)],
    "one cell": [(1, 1), (1, 1), (2, 1)],
    "odd": [(3, 5), (5, 9), (10, 17)],
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("spread", [0.5, 3.0, 1e9])
def test_sums_are_those_of_grid_sample(name: str, spread: float) -> None:
    shapes = SHAPES[name]
    generator = torch.Generator().manual_seed(0)

    def drawn(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator)

    cells = sum(height * width for height, width in shapes)
    values = drawn(2, cells, 4, 8)
    sides = torch.tensor([[width, height] for height, width in shapes])
    places = drawn(2, 7, 4, 3, 5, 2) * spread + torch.rand(3, 1, 2) * sides[:, None]
    places[0, 0] = places[0, 0].round()  # in the middle of cells
    weights = drawn(2, 7, 4, 3, 5)
    locations = (places + 0.5) / sides[:, None]
    wanted = multi_scale_deformable_attention(values, shapes, locations, weights)
    found = sampled_sum(values, shapes, places, weights)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3 if spread > 1e3 else 2e-5)


def test_both_ways_of_the_module_agree_and_gradients_flow() -> None:
    torch.manual_seed(0)
    shapes = SHAPES["usual"]
    cells = sum(height * width for height, width in shapes)
    attention = DeformableAttention(32, 4, 3, 4)
    given = {
        "encoder_hidden_states": torch.randn(2, cells, 32),
        "position_embeddings": torch.randn(2, cells, 32),
        "reference_points": torch.rand(2, cells, 3, 2),
        "spatial_shapes_list": shapes,
    }
    slow, weights = attention(given["encoder_hidden_states"], **given)
    slow.sum().backward()
    assert attention.sampling_offsets.weight.grad is not None
    with torch.no_grad():
        fast, same = attention(given["encoder_hidden_states"], **given)
    torch.testing.assert_close(fast, slow.detach(), rtol=0, atol=2e-5)
    torch.testing.assert_close(same, weights.detach())
