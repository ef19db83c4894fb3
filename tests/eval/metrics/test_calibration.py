"""Logistic regression on one number, and the reliability of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics.calibration import (
    Line,
    balanced_weights,
    fit_line,
    log_loss,
    reliability,
)
from hypothesis import given
from hypothesis import strategies as st


def drawn(line: Line, seed: int = 0, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Evidence, and truth drawn with the line's probabilities."""
    generator = np.random.default_rng(seed)
    evidence = generator.normal(0, 1, count)
    return evidence, generator.random(count) < line.probability(evidence)


def test_it_finds_the_line_that_drew_the_truth() -> None:
    found = fit_line(*drawn(Line(2.0, 0.0)))
    assert found.slope == pytest.approx(2.0, rel=0.05)
    assert found.offset == pytest.approx(0.0, abs=0.05)


def test_many_negatives_move_nothing() -> None:
    evidence, positive = drawn(Line(2.0, 0.0))
    negative = ~positive
    many = np.concatenate([evidence, np.repeat(evidence[negative], 9)])
    truth = np.concatenate([positive, np.zeros(9 * negative.sum(), bool)])
    one, other = fit_line(evidence, positive), fit_line(many, truth)
    assert other.slope == pytest.approx(one.slope, rel=1e-2)
    assert other.offset == pytest.approx(one.offset, abs=1e-2)


@given(st.floats(0.3, 4), st.floats(-2, 2), st.floats(0.2, 5), st.floats(-3, 3))
def test_another_scale_of_the_evidence_says_the_same(
    slope: float, offset: float, scale: float, shift: float
) -> None:
    evidence, positive = drawn(Line(slope, offset), count=300)
    plain = fit_line(evidence, positive).probability(evidence)
    moved = fit_line(scale * evidence + shift, positive).probability(scale * evidence + shift)
    np.testing.assert_allclose(moved, plain, atol=2e-3)


def test_no_other_line_has_less_loss() -> None:
    evidence, positive = drawn(Line(1.5, 0.7), count=400)
    best = fit_line(evidence, positive)
    least = log_loss(best.probability(evidence), positive)
    for slope in np.linspace(0.2, 4, 20):
        for offset in np.linspace(-2, 2, 20):
            other = log_loss(Line(slope, offset).probability(evidence), positive)
            assert other > least - 1e-4  # Platt's targets are not quite 0 and 1


def test_separable_evidence_gives_a_finite_line() -> None:
    found = fit_line(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([False, False, True, True]))
    assert 0 < found.slope < 10


@pytest.mark.parametrize("positive", [True, False])
def test_pairs_of_one_kind(positive: bool) -> None:
    with pytest.raises(ValueError, match="positive and negative"):
        fit_line(np.zeros(3), np.full(3, positive))


def test_weights_and_loss_of_a_coin() -> None:
    positive = np.array([True, False, False, False])
    np.testing.assert_allclose(balanced_weights(positive), [0.5, 1 / 6, 1 / 6, 1 / 6])
    assert log_loss(np.full(4, 0.5), positive) == pytest.approx(np.log(2))


def test_reliability_by_hand() -> None:
    probability = np.array([0.05, 0.15, 0.95, 1.0])
    positive = np.array([False, True, True, False])
    low, middle, high = reliability(probability, positive)
    assert (low.probability, low.right, low.pairs) == (pytest.approx(0.05), 0.0, 1)
    assert (middle.right, middle.pairs) == (1.0, 1)
    assert (high.probability, high.right, high.pairs) == (pytest.approx(0.975), 0.5, 2)


def test_what_was_drawn_with_the_probabilities_is_reliable() -> None:
    line = Line(2.0, 0.0)
    evidence, positive = drawn(line)
    for one in reliability(line.probability(evidence), positive):
        assert one.right == pytest.approx(one.probability, abs=0.05)
