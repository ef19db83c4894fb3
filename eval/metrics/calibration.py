"""Probabilities from evidence: logistic regression on one number, and how reliable it is.

Positive and negative pairs weigh the same as wholes: how many negatives there are is a matter
of how many names were asked for, not of the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Line:
    """log-odds = slope * evidence + offset."""

    slope: float
    offset: float

    def probability(self, evidence: Floats) -> Floats:
        """In [0, 1]."""
        return np.asarray(expit(self.slope * evidence + self.offset))


@dataclass(frozen=True)
class Reliable:
    """One bin of a reliability curve: mean probability, share of positives, pairs."""

    probability: float
    right: float
    pairs: int


def fit_line(evidence: Floats, positive: Bools) -> Line:
    """Slope and offset of the least log loss.

    Targets are Platt's (1999): not 0 and 1 but what as many coin tosses would leave likely, so
    that the slope stays finite where evidence separates the pairs without an error.

    Args:
        evidence: [N].
        positive: bool [N], some of each kind.

    Raises:
        ValueError: all pairs are of one kind.
    """
    count = int(positive.sum())
    if not 0 < count < len(positive):
        raise ValueError("want positive and negative pairs")
    high, low = (count + 1) / (count + 2), 1 / (len(positive) - count + 2)
    targets, weights = np.where(positive, high, low), balanced_weights(positive)

    def loss(line: Floats) -> tuple[float, Floats]:
        odds = line[0] * evidence + line[1]
        # log(1 + e^odds) - target * odds, without overflow
        value = (weights * (np.logaddexp(0, odds) - targets * odds)).sum()
        slope = weights * (expit(odds) - targets)
        return float(value), np.array([(slope * evidence).sum(), slope.sum()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS")
    return Line(float(found.x[0]), float(found.x[1]))


def balanced_weights(positive: Bools) -> Floats:
    """[N], sum 1: positive and negative pairs have one half each."""
    count = int(positive.sum())
    return np.where(positive, 0.5 / max(1, count), 0.5 / max(1, len(positive) - count))


def log_loss(probability: Floats, positive: Bools) -> float:
    """Mean per pair in nats, by :func:`balanced_weights`."""
    of_truth = np.clip(np.where(positive, probability, 1 - probability), 1e-12, 1)
    return float(-(balanced_weights(positive) * np.log(of_truth)).sum())


def reliability(probability: Floats, positive: Bools, bins: int = 10) -> tuple[Reliable, ...]:
    """Reliability curve in bins of equal width; empty ones are left out."""
    weights = balanced_weights(positive)
    number = np.minimum((probability * bins).astype(int), bins - 1)
    curve = []
    for one in np.unique(number):
        inside = number == one
        weight = weights[inside]
        curve.append(
            Reliable(
                float((weight * probability[inside]).sum() / weight.sum()),
                float(weight[positive[inside]].sum() / weight.sum()),
                int(inside.sum()),
            )
        )
    return tuple(curve)
