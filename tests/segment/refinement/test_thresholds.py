"""Thresholds of maps: against slow ways, and what they are for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from car_video.segment.refinement.thresholds import otsu, thresholds_per_map
from tests.naive import thresholds as naive

CELLS = arrays(np.float64, (3, 4), elements=st.integers(0, 8).map(lambda n: n / 8))


@given(st.lists(CELLS, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_otsu_is_the_best_parting(maps: list[np.ndarray]) -> None:
    found = otsu(torch.from_numpy(np.stack(maps)))
    for value, cells in zip(found.tolist(), maps, strict=True):
        if np.ptp(cells) == 0:
            assert value == pytest.approx(cells[0, 0])
            continue
        best = naive.otsu(cells.flatten().tolist())

        def within(at: float, cells: np.ndarray = cells) -> float:
            classes = cells[cells < at], cells[cells >= at]
            return sum(float(part.var()) * part.size for part in classes if part.size)

        assert within(value) == pytest.approx(within(best), abs=1e-9)


def test_otsu_of_a_single_cell() -> None:
    assert otsu(torch.tensor([[[0.25]], [[1.0]]])).tolist() == [0.25, 1.0]


@given(st.integers(0, 10**6), st.integers(1, 3), st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_thresholds_per_map_the_slow_way(seed: int, count: int, threshold: float) -> None:
    random = np.random.default_rng(seed)
    maps = random.random((count, 5, 6)) ** random.uniform(0.3, 4, (count, 1, 1))
    enlarged = torch.nn.functional.interpolate(
        torch.from_numpy(maps)[:, None], (20, 24), mode="bilinear"
    )[:, 0]
    found = thresholds_per_map(torch.from_numpy(maps), enlarged, threshold)
    for value, cells, pixels in zip(found.tolist(), maps, enlarged.numpy(), strict=True):
        wanted, costs = naive.per_map(cells, pixels, threshold)
        chosen = round((value - 0.15) / 0.05)
        assert value == pytest.approx(wanted) or costs[chosen] == pytest.approx(
            costs.min(), abs=1e-6
        )


def hill(top: float, foot: float) -> Tensor:
    """A thing of 20 x 20 of 48 x 64 pixels that falls from ``top`` to ``foot`` at its edge,
    with one bright cell in it."""
    pixels = torch.full((48, 64), foot)
    pixels[14:34, 22:42] = top
    pixels[20:22, 30:32] = 1.0
    return pixels


@pytest.mark.parametrize(("top", "foot"), [(0.48, 0.1), (0.9, 0.55), (0.7, 0.3), (0.55, 0.25)])
def test_a_map_ends_where_it_falls(top: float, foot: float) -> None:
    """One threshold for all, 0.5, would take the bright cell alone, or the whole picture."""
    pixels = hill(top, foot)[None]
    cells = torch.nn.functional.avg_pool2d(pixels, 2)
    (threshold,) = thresholds_per_map(cells, pixels, 0.5).tolist()
    assert foot < threshold < top
    assert int((pixels > threshold).sum()) == 400


def test_a_mask_is_never_empty_where_the_map_is_not() -> None:
    """Above its highest place the area of a map does not change at all."""
    faint = hill(0.3, 0.02)[None]
    faint[faint == 1.0] = 0.3
    (threshold,) = thresholds_per_map(faint, faint, 0.9).tolist()
    assert 0.02 < threshold < 0.3


def test_each_map_has_its_own() -> None:
    both = torch.stack([hill(0.48, 0.1), hill(0.9, 0.55)])
    low, high = thresholds_per_map(both, both, 0.5).tolist()
    assert low < 0.48 < 0.55 < high


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_maps_have_a_threshold_too(value: float) -> None:
    flat = torch.full((2, 6, 8), value)
    found = thresholds_per_map(flat, flat, 0.5)
    assert found.shape == (2,)
    assert ((found > 0) & (found < 1)).all()


def test_no_map() -> None:
    assert thresholds_per_map(torch.zeros(0, 3, 4), torch.zeros(0, 6, 8), 0.5).shape == (0,)
