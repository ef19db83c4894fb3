"""Peaks and soft IoU against loops over cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.segment.mask_selection.candidates import peaks, soft_iou, stability
from tests.naive import proposals as naive


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    grid=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    maps=st.integers(1, 4),
    count=st.integers(1, 9),
    distance=st.integers(1, 4),
    floor=st.sampled_from([0.0, 0.3, 0.8, 1.0]),
)
def test_peaks_are_those_of_a_sorted_list(
    seed: int, grid: tuple[int, int], maps: int, count: int, distance: int, floor: float
) -> None:
    random = np.random.default_rng(seed)
    order = random.permuted(np.tile(np.arange(grid[0] * grid[1]), (maps, 1)), axis=1)
    values = (order / order.max(1, keepdims=True).clip(1)).reshape(maps, *grid)  # no ties
    values = values * random.integers(0, 2, (maps, 1, 1))  # some are zero everywhere
    given_maps = torch.from_numpy(values)
    before = given_maps.clone()
    places, there = peaks(given_maps, count, distance, floor)
    assert torch.equal(given_maps, before)
    assert places.shape == (maps, count, 2)
    assert there.shape == (maps, count)
    for row in range(maps):
        found = [tuple(p) for p in places[row][there[row]].tolist()]
        assert found == naive.peaks(values[row], count, distance, floor)
        kept = int(there[row].sum())
        assert there[row].tolist() == [True] * kept + [False] * (count - kept)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    grid=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    queries=st.integers(1, 3),
    offers=st.integers(1, 4),
    hard=st.booleans(),
)
def test_agreement_is_that_of_loops(
    seed: int, grid: tuple[int, int], queries: int, offers: int, hard: bool
) -> None:
    random = np.random.default_rng(seed)
    masks, maps = random.random((queries, offers, *grid)), random.random((queries, *grid))
    if hard:  # empty and full ones among them
        masks = (masks < random.choice([0, 0.5, 1], (queries, offers, 1, 1))).astype(float)
        maps = maps * random.integers(0, 2, (queries, 1, 1))
    given_masks, given_maps = torch.from_numpy(masks), torch.from_numpy(maps)
    overlap = soft_iou(given_masks, given_maps)
    np.testing.assert_allclose(overlap, naive.soft_iou(masks, maps), atol=1e-9)
    assert ((overlap >= 0) & (overlap <= 1)).all()


def test_a_mask_agrees_with_itself() -> None:
    mask = (torch.rand(2, 1, 5, 7, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    torch.testing.assert_close(soft_iou(mask, mask[:, 0]), torch.ones(2, 1))


@pytest.mark.parametrize("offset", [0.5, 1.0])
def test_stability_counts_pixels(offset: float) -> None:
    logits = torch.tensor([[-3.0, -0.75, 0.0, 0.75, 3.0], [-9.0, -9.0, -9.0, -9.0, -9.0]])
    expected = 2 / 3 if offset == 0.5 else 1 / 4
    torch.testing.assert_close(
        stability(logits[:, None], offset), torch.tensor([expected, 0.0])
    )
