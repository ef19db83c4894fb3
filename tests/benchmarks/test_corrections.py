"""The table of what corrections are worth."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.corrections import interval, simulated, tables


def row(name: str, scores: list[float], others: list[float]) -> dict[str, object]:
    rest = {"frames": 9, "computed": [3, 4], "exact": True}
    return {"sequence": name, "kind": "click", "J&F": scores, "others": others, **rest}


def test_means_come_with_intervals_and_clicks_that_make_it_worse_are_counted() -> None:
    rows = [
        row("a", [0.5, 0.7, 0.9], [0.2, -0.06]),
        row("b", [0.7, 0.7, 0.7], [-0.0005, -0.01]),
    ]
    lines = tables(rows)
    assert lines[2] == "| a (9) | click | 0.500 | 0.700 | 0.900 | 3, 4 | +0.200, -0.060 | yes |"
    assert lines[4].startswith("| mean of 2 | click | 0.600 (0.500 to 0.700) | 0.700 (0.700 to")
    assert lines[4].endswith("2 of 4 worse, 1 much | |")


def test_the_interval_of_equal_scores_is_a_point() -> None:
    low, high = interval(np.full((5, 2), 0.25))
    np.testing.assert_allclose([low, high], 0.25)


@pytest.mark.parametrize(("extra", "positive"), [(True, False), (False, True)])
def test_a_click_goes_into_the_middle_of_the_largest_error(extra: bool, positive: bool) -> None:
    truth = np.zeros((20, 30), bool)
    truth[2:8, 2:22] = True
    mask = truth.copy()
    mask[10:19, 10:19] = extra
    mask[2:8, 13:22] &= extra
    ((x, y, inside),) = simulated(3, mask, truth, "click").points
    assert inside is positive
    assert (mask != truth)[int(y), int(x)]


def test_a_sloppy_click_is_near_the_middle_and_means_the_same() -> None:
    truth = np.zeros((40, 60), bool)
    truth[4:24, 10:30] = True
    mask = np.zeros_like(truth)
    ((x, y, _),) = simulated(0, mask, truth, "click").points
    places = [simulated(frame, mask, truth, "click", 0.5).points[0] for frame in range(50)]
    assert all(inside and truth[int(v), int(u)] for u, v, inside in places)
    assert max(max(abs(u - x), abs(v - y)) for u, v, _ in places) <= 10
    assert len(set(places)) > 40
    assert all(u % 1 == v % 1 == 0.5 for u, v, _ in places)
