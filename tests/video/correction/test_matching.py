"""Where a frame resembles what is under a mask."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from car_video.video.correction.matching import MOST_CELLS, Reference


def scene(rows: int, columns: int, left: int, width: int) -> torch.Tensor:
    """Features of one kind in some columns and of another kind elsewhere; [3, h, w]."""
    features = torch.zeros(3, rows, columns)
    features[0] = 1
    features[:, :, left : left + width] = torch.tensor([0.2, 1.0, 0.1])[:, None, None]
    return F.normalize(features, dim=0)


def test_it_is_found_wherever_it_is() -> None:
    mask = torch.zeros(18, 32, dtype=torch.bool)
    mask[:, 4:12] = True
    reference = Reference.of(scene(9, 16, 2, 4), mask, 0.07)
    found = reference.match(scene(9, 16, 10, 4))
    assert found.shape == (9, 16)
    assert found[:, 10:14].min() > 0.9
    assert torch.cat([found[:, :10], found[:, 14:]], 1).max() < 0.1


def test_the_grid_is_bounded() -> None:
    mask = torch.zeros(100, 200, dtype=torch.bool)
    mask[:, :100] = True
    reference = Reference.of(scene(100, 200, 0, 100), mask, 0.07)
    assert reference.inside.shape[1] + reference.outside.shape[1] == MOST_CELLS**2
    assert reference.match(scene(100, 200, 0, 100)).shape == (MOST_CELLS, MOST_CELLS)


def test_a_mask_of_a_pixel_and_one_of_everything() -> None:
    mask = torch.zeros(18, 32, dtype=torch.bool)
    mask[3, 5] = True
    small = Reference.of(scene(9, 16, 2, 1), mask, 0.07)
    assert small.inside.shape[1] == 1
    everything = Reference.of(scene(9, 16, 2, 4), torch.ones(18, 32, dtype=torch.bool), 0.07)
    assert everything.outside.shape[1] == 0
    assert everything.match(scene(9, 16, 2, 4)).min() > 0.99
