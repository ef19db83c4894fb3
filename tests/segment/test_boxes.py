"""Boxes around masks."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.segment.boxes import box_overlaps, boxes_of, filled_boxes

SEEDS = st.integers(0, 10_000)


def masks(seed: int, count: int = 4, density: float = 0.08) -> np.ndarray:
    """bool [count, 7, 9], some of them empty."""
    return np.random.default_rng(seed).random((count, 7, 9)) < density


@given(SEEDS)
@settings(deadline=None, max_examples=40)
def test_a_box_is_filled_and_nothing_else(seed: int) -> None:
    given_ = masks(seed)
    found = filled_boxes(torch.from_numpy(given_)).numpy()
    for mask, box in zip(given_, found, strict=True):
        wanted = np.zeros_like(mask)
        if mask.any():
            rows, columns = np.nonzero(mask)
            wanted[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
        np.testing.assert_array_equal(box, wanted)


@given(SEEDS)
@settings(deadline=None, max_examples=40)
def test_boxes_are_those_of_the_cells(seed: int) -> None:
    held = [mask for mask in masks(seed) if mask.any()]
    for mask, box in zip(
        held, boxes_of(torch.from_numpy(np.array(held)), (70, 180)), strict=True
    ):
        rows, columns = np.nonzero(mask)
        wanted = (
            columns.min() * 20,
            rows.min() * 10,
            (columns.max() + 1) * 20,
            (rows.max() + 1) * 10,
        )
        np.testing.assert_allclose(box.numpy(), wanted)


def test_overlaps_of_boxes() -> None:
    a = torch.tensor([[[0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 6.0, 6.0]]])
    b = torch.tensor([[[1.0, 0.0, 3.0, 2.0]]])
    torch.testing.assert_close(box_overlaps(a, b), torch.tensor([[[1 / 3], [0.0]]]))
