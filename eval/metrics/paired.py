"""Two runs on the same sequences: how sure is it that one is better?

The paired bootstrap (Efron & Tibshirani, "An introduction to the bootstrap", 1993): sequences
are drawn with replacement, each with all of its objects or expressions in both runs, as these
are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
LEVEL = 0.95
TIE = 0.001
"""Scores of a sequence that differ by less are a tie: below what tables print."""
_UNLIKE = "want the same sequences and units of both runs, one that counts in each sequence"


@dataclass(frozen=True, slots=True)
class Paired:
    """Run A less run B.

    Attributes:
        difference: of the means over all units, or of the means over the parts' means;
            positive where A is better.
        low, high: bounds of the 95 % interval of the difference.
        p: two-sided probability of a difference as large if the runs were equal.
        wins, losses, ties: sequences on which A is better, worse, equal.
    """

    difference: float
    low: float
    high: float
    p: float
    wins: int
    losses: int
    ties: int


def paired_bootstrap(
    a: Sequence[Sequence[float]],
    b: Sequence[Sequence[float]],
    resamples: int = RESAMPLES,
    seed: int = 0,
    *,
    shares: Sequence[Sequence[tuple[str, float]]] = (),
) -> Paired:
    """Compare two runs.

    Args:
        a: scores of the units (objects, expressions, pictures) of each sequence.
        b: the same of the other run, in the same order.
        resamples: how many are drawn.
        seed: of the draw; the same runs give the same numbers.
        shares: part and weight of each unit, where the number is the mean over parts of their
            weighted means; without it all units are one part and weigh the same. A draw
            without any unit of a part is the mean over the others.

    Raises:
        ValueError: no sequence, or other units.
    """
    shares = shares or [[("", 1.0)] * len(units) for units in a]
    lengths = [len(units) for units in a]
    if not lengths or any([len(x) for x in other] != lengths for other in (b, shares)):
        raise ValueError(_UNLIKE)
    parts = list(dict.fromkeys(part for units in shares for part, _ in units))
    sums, weights = np.zeros((2, len(parts), len(a)))
    for place, units in enumerate(zip(a, b, shares, strict=True)):
        for x, y, (part, weight) in zip(*units, strict=True):
            sums[parts.index(part), place] += weight * (x - y)
            weights[parts.index(part), place] += weight
    if not weights.any(0).all():
        raise ValueError(_UNLIKE)
    means = sums.sum(0) / weights.sum(0)
    draws = np.random.default_rng(seed).integers(0, len(a), (resamples, len(a)))
    with np.errstate(invalid="ignore"):
        found = np.nanmean(
            [s[draws].sum(1) / w[draws].sum(1) for s, w in zip(sums, weights, strict=True)], 0
        )
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(found, (tail, 1 - tail))
    return Paired(
        difference=float((sums.sum(1) / weights.sum(1)).mean()),
        low=float(low),
        high=float(high),
        p=_two_sided(found),
        wins=int((means > TIE).sum()),
        losses=int((means < -TIE).sum()),
        ties=int((np.abs(means) <= TIE).sum()),
    )


def _two_sided(found: NDArray[np.float64]) -> float:
    """Twice the smaller share on either side of 0; never 0, as the draws are counted in."""
    sides = [
        (np.count_nonzero(side) + 1) / (len(found) + 1) for side in (found <= 0, found >= 0)
    ]
    return float(min(1.0, 2 * min(sides)))


def holm(values: Sequence[float]) -> list[float]:
    """Probabilities of several comparisons, corrected for their number (Holm 1979)."""
    order = np.argsort(values, kind="stable")
    corrected = [0.0] * len(values)
    largest = 0.0
    for rank, place in enumerate(order.tolist()):
        largest = max(largest, min(1.0, values[place] * (len(values) - rank)))
        corrected[place] = largest
    return corrected
