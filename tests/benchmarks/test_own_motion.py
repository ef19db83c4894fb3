"""The fit of what motion tells: numbers that are known are found again."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.own_motion import Cells, fit, report


def cells(slope: float, offset: float, seed: int, count: int = 40_000) -> Cells:
    """Cells whose classes follow the form with an unknown of 3, as many of each."""
    rng = np.random.default_rng(seed)
    more, usual = rng.exponential(1.0, count), rng.exponential(2.0, count)
    odds = (slope * more + offset) * np.exp(-usual / 3)
    own = rng.random(count) < 1 / (1 + np.exp(-odds))
    return Cells(more, usual, own, np.ones(count))


def test_the_logistic_is_found_again() -> None:
    slope, offset, unknown = fit(cells(1.5, -1.0, 0))
    assert slope == pytest.approx(1.5, abs=0.1)
    assert offset == pytest.approx(-1.0, abs=0.1)
    assert unknown == pytest.approx(3.0, abs=0.4)


def test_classes_and_sequences_weigh_the_same() -> None:
    zeros = np.zeros(8)
    large = Cells.of(np.arange(8.0), zeros, np.array([1, 0, 0, 0, 0, 0, 0.3, 0]))
    assert large.of_target.tolist() == [True, *[False] * 6]  # 0.3: neither
    assert large.weight.tolist() == [0.5, *[0.5 / 6] * 6]
    joined = Cells.joined(
        [large, Cells.of(np.array([1.0, 2.0]), zeros[:2], np.array([1.0, 0.0]))]
    )
    assert joined.weight[:7].sum() == pytest.approx(joined.weight[7:].sum())
    assert joined.weight.sum() == pytest.approx(1)


def test_knowing_nothing_costs_the_logarithm_of_two() -> None:
    assert cells(1.0, 0.0, 0, 100).loss((0.0, 0.0, 1.0)) == pytest.approx(np.log(2))
    sure = Cells(np.array([5.0, -5.0]), np.zeros(2), np.array([True, False]), np.ones(2))
    assert sure.loss((10.0, 0.0, 1.0)) < 1e-6
    assert sure.auc() == 1


def test_a_group_is_left_out() -> None:
    known = {name: cells(1.5, -1.0, seed, 5000) for seed, name in enumerate("abc")}
    lines = report(known, {"a": "one", "b": "one", "c": "two"})
    assert [line.split()[0] for line in lines[:3]] == ["a", "b", "c"]
    assert lines[3].startswith("all: slope 1.")
    assert lines[4].startswith("a group left out: slope 1.")
    alone = report({"a": known["a"]}, {"a": "one"})
    assert [line.split()[0] for line in alone[:3]] == ["a", "all:", "probability"]
