"""GRES: referring segmentation with many targets or none (Liu et al., CVPR 2023, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .referring import THRESHOLDS, counts


@dataclass(frozen=True, slots=True)
class GeneralizedScores:
    """Scores of a set of samples with and without targets; fractions.

    Attributes:
        giou: mean IoU over samples, where a sample without target counts 1 if the prediction
            says so and 0 if not.
        ciou: sum of intersections over sum of unions.
        n_acc: share of the samples without target that are predicted so; NaN if there is none.
        t_acc: share of the samples with targets that are not predicted empty; NaN if there is
            none.
        precision: share of the samples with targets whose IoU reaches a threshold.
        samples: how many there are.
        without_target: how many of them have no target.
    """

    giou: float
    ciou: float
    n_acc: float
    t_acc: float
    precision: dict[float, float]
    samples: int
    without_target: int


def generalized_scores(
    intersections: ArrayLike,
    unions: ArrayLike,
    no_target: ArrayLike,
    predicted_none: ArrayLike,
    thresholds: Sequence[float] = THRESHOLDS,
) -> GeneralizedScores:
    """Scores from the pixel counts of the samples, see :func:`overlap`.

    As in the evaluation published with ReLA: a sample that is predicted to have no target has
    no intersection, whatever its mask, while its union stays as given; a rightly predicted
    sample without target adds nothing to the sums of the cumulative IoU. That code prints 0 for
    N-acc and T-acc of a set in which every sample has a target; here N-acc is NaN and T-acc
    what it is.

    Args:
        intersections: integers [S].
        unions: integers [S].
        no_target: bool [S], whether the annotation has no target.
        predicted_none: bool [S], whether the prediction says that there is none (for masks
            without such an output: whether the mask is empty).
        thresholds: of IoU.

    Raises:
        ValueError: no sample, lengths differ, or a sample without target that intersects.
    """
    intersection, union = counts(intersections, unions)
    absent, denied = np.asarray(no_target, bool), np.asarray(predicted_none, bool)
    if absent.shape != union.shape or denied.shape != union.shape:
        raise ValueError(f"want {union.size} flags, got {absent.shape} and {denied.shape}")
    if np.any(intersection[absent] > 0):
        raise ValueError("a sample without target cannot intersect its prediction")
    intersection = np.where(denied, 0, intersection)
    union = np.where(absent & denied, 0, union)
    values = np.where(absent & denied, 1.0, intersection / np.maximum(union, 1))
    present = values[~absent]
    return GeneralizedScores(
        giou=float(values.mean()),
        ciou=float(intersection.sum() / max(int(union.sum()), 1)),
        n_acc=_share(denied[absent]),
        t_acc=_share(~denied[~absent]),
        precision={threshold: _share(present >= threshold) for threshold in thresholds},
        samples=len(values),
        without_target=int(absent.sum()),
    )


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if flags.size else float("nan")
