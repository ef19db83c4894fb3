"""Means with intervals; presence at one recall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generalisation.statistics import absent_at_recall, mean_over_groups

FRACTIONS = st.floats(0, 1)
GROUPS = st.dictionaries(
    st.text(max_size=3), st.lists(FRACTIONS, max_size=4), min_size=1, max_size=8
)


@given(GROUPS)
def test_the_mean_and_its_interval(groups: dict[str, list[float]]) -> None:
    values = [v for group in groups.values() for v in group]
    if not values:
        with pytest.raises(ValueError, match="no value"):
            mean_over_groups(groups)
        return
    mean = mean_over_groups(groups)
    assert mean.count == len(values)
    assert mean.value == pytest.approx(np.mean(values))
    assert min(values) - 1e-9 <= mean.low <= mean.high <= max(values) + 1e-9


def test_more_groups_make_it_narrower() -> None:
    def width(count: int) -> float:
        mean = mean_over_groups({str(n): [float(n % 2)] for n in range(count)})
        return mean.high - mean.low

    assert width(400) < width(40) < width(8)


@given(st.lists(FRACTIONS, min_size=1), st.lists(FRACTIONS, min_size=1), st.floats(0.05, 1))
def test_the_threshold_keeps_the_recall(
    present: list[float], absent: list[float], recall: float
) -> None:
    share, threshold = absent_at_recall(present, absent, recall)
    assert np.mean(np.asarray(present) >= threshold) >= recall - 1e-9
    assert share == np.mean(np.asarray(absent) < threshold)


def test_one_side_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="present and of absent"):
        absent_at_recall([], [0.5])
