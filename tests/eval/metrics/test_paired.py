"""The paired bootstrap and the correction for several comparisons."""

from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics.paired import holm, paired_bootstrap


def one(values):
    return [[value] for value in values]


def test_a_gain_on_every_sequence_is_certain():
    b = np.linspace(0.2, 0.8, 20)
    found = paired_bootstrap(one(b + 0.1), one(b), resamples=500)
    assert found.difference == pytest.approx(0.1)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))
    assert found.p == pytest.approx(2 / 501)
    assert (found.wins, found.losses, found.ties) == (20, 0, 0)


def test_equal_runs_differ_in_nothing():
    values = one(np.linspace(0, 1, 12))
    found = paired_bootstrap(values, values, resamples=200)
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)
    assert found.ties == 12


def test_units_weigh_the_same_whatever_their_sequence():
    found = paired_bootstrap([[1.0, 1.0, 1.0], [0.0]], [[0.0, 0.0, 0.0], [0.0]], resamples=300)
    assert found.difference == 0.75  # of four objects, three are better by one
    assert found.wins == 1
    assert (found.low, found.high) == (0, 1)


def test_units_weigh_what_they_are_said_to():
    found = paired_bootstrap([[1.0, 0.0]], [[0.0, 0.0]], 50, shares=[[("", 3), ("", 1)]])
    assert found.difference == 0.75


def test_the_mean_is_over_parts():
    """Part a has a gain of 1 on one of two units, part b of none on its four."""
    a, b = [[1.0, 0.5, 0.5], [0.0, 0.5, 0.5]], [[0.0, 0.5, 0.5], [0.0, 0.5, 0.5]]
    shares = [[("a", 1), ("b", 1), ("b", 1)]] * 2
    found = paired_bootstrap(a, b, 200, shares=shares)
    assert found.difference == 0.25
    assert (found.low, found.high) == (0, 0.5)


def test_a_draw_may_lack_a_part():
    shares = [[("a", 1)], [("b", 1)]]
    found = paired_bootstrap([[1.0], [1.0]], [[0.5], [0.5]], 50, shares=shares)
    assert (found.difference, found.low, found.high) == (0.5, 0.5, 0.5)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """40 draws of 60 sequences with a true gain of 0.05: about one interval in 20 misses it."""
    random = np.random.default_rng(0)
    misses = 0
    for _ in range(40):
        b = random.random(60)
        a = b + random.normal(0.05, 0.1, 60)
        found = paired_bootstrap(one(a), one(b), resamples=400)
        misses += not found.low <= 0.05 <= found.high
    assert misses <= 6


@pytest.mark.parametrize(
    ("a", "b"), [([], []), ([[1.0]], [[1.0], [1.0]]), ([[1.0]], [[1.0, 0.0]]), ([[]], [[]])]
)
def test_other_sequences_or_units(a, b):
    with pytest.raises(ValueError, match="same sequences"):
        paired_bootstrap(a, b)


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5]) == [0.5]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
