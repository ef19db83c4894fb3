"""Means with intervals, and presence judged at one recall for every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
"""Bootstrap samples: the ends of a 95 % interval then move by less than 0.002."""


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % interval; fractions."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_over_groups(values: Mapping[str, Sequence[float]], seed: int = 0) -> Mean:
    """Mean of all values, with a bootstrap interval over the groups that they come in.

    Sequences (or pictures) are drawn with replacement, each with all its values: objects and
    sentences of one sequence are not independent.

    Args:
        values: by sequence or picture; empty ones do not count.

    Raises:
        ValueError: no value at all.
    """
    groups = [np.asarray(group, float) for group in values.values() if len(group)]
    if not groups:
        raise ValueError("no value to average")
    sums = np.array([group.sum() for group in groups])
    counts = np.array([len(group) for group in groups])
    drawn = resamples(len(groups), RESAMPLES, seed)
    low, high = interval(sums[drawn].sum(1) / counts[drawn].sum(1))
    return Mean(float(sums.sum() / counts.sum()), low, high, int(counts.sum()))


def resamples(groups: int, samples: int, seed: int = 0) -> NDArray[np.int64]:
    """int64 [samples, groups]: numbers of groups, drawn with replacement."""
    return np.random.default_rng(seed).integers(0, groups, (samples, groups))


def interval(values: ArrayLike) -> tuple[float, float]:
    """Ends between which 95 % of bootstrap values lie."""
    low, high = np.percentile(np.asarray(values, float), [2.5, 97.5])
    return float(low), float(high)


def absent_at_recall(
    present: Sequence[float], absent: Sequence[float], recall: float = 0.95
) -> tuple[float, float]:
    """Share of absent sentences rejected where ``recall`` of the present ones are kept.

    Args:
        present: highest score of each sentence whose target is in the clip.
        absent: highest score of each sentence that names nothing in it.
        recall: share of present ones whose score reaches the threshold.

    Returns:
        The share, and the threshold.

    Raises:
        ValueError: one of the two is empty.
    """
    if not len(present) or not len(absent):
        raise ValueError("want scores of present and of absent sentences")
    ordered = np.sort(np.asarray(present, float))[::-1]
    kept = max(1, int(np.ceil(recall * len(ordered))))
    threshold = float(ordered[kept - 1])
    return float((np.asarray(absent, float) < threshold).mean()), threshold
