"""Scores of referring image segmentation from pixel counts: mIoU, oIoU, precision at IoU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import bitmasks
from .checks import mask_stack

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class ReferringScores:
    """Scores of a set of (image, expression) samples; fractions.

    Attributes:
        miou: mean of the samples' IoU.
        oiou: overall (cumulative) IoU, sum of intersections over sum of unions, in which large
            objects weigh more.
        precision: share of samples whose IoU reaches a threshold, by threshold.
        samples: how many there are.
    """

    miou: float
    oiou: float
    precision: dict[float, float]
    samples: int


def overlap(
    truth: ArrayLike, prediction: ArrayLike, void: ArrayLike | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixels in the intersection and in the union of masks [..., H, W]: int64 [...] each.

    Raises:
        ValueError: the masks are not of one size.
    """
    packed_truth, packed_prediction, _ = mask_stack(truth, prediction, void)
    return (
        bitmasks.count(packed_truth & packed_prediction),
        bitmasks.count(packed_truth | packed_prediction),
    )


def referring_scores(
    intersections: ArrayLike, unions: ArrayLike, thresholds: Sequence[float] = THRESHOLDS
) -> ReferringScores:
    """Scores from the pixel counts of the samples, see :func:`overlap`.

    A sample whose union is empty has IoU 0, as in the evaluation that LAVT (Yang et al., CVPR
    2022) and CaR share; precision counts an IoU equal to the threshold.

    Args:
        intersections: integers [S].
        unions: integers [S], none below its intersection.
        thresholds: of IoU.

    Raises:
        ValueError: no sample, or lengths differ.
    """
    intersection, union = counts(intersections, unions)
    values = intersection / np.maximum(union, 1)
    return ReferringScores(
        miou=float(values.mean()),
        oiou=float(intersection.sum() / max(int(union.sum()), 1)),
        precision={threshold: float(np.mean(values >= threshold)) for threshold in thresholds},
        samples=len(values),
    )


def sentence_scores(
    intersections: ArrayLike, unions: ArrayLike, thresholds: Sequence[float] = THRESHOLDS
) -> ReferringScores:
    """Scores of A2D- and JHMDB-Sentences, as MTTR's evaluation gives them.

    Unlike :func:`referring_scores`, a sample whose union is empty has IoU 1, and precision
    counts an IoU above the threshold only. The official code counts in float32 and adds 1e-6
    pixels to both areas; so does this one, as an IoU may be a threshold exactly.

    Args and errors: as for :func:`referring_scores`.
    """
    intersection, union = counts(intersections, unions)
    little = np.float32(1e-6)
    values = (intersection.astype(np.float32) + little) / (union.astype(np.float32) + little)
    return ReferringScores(
        miou=float(values.astype(np.float64).mean()),
        oiou=float(intersection.sum() / max(int(union.sum()), 1)),
        precision={threshold: float(np.mean(values > threshold)) for threshold in thresholds},
        samples=len(values),
    )


def counts(
    intersections: ArrayLike, unions: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both as int64 [S] after checking that they belong together.

    Raises:
        ValueError: no sample, lengths differ, or an intersection above its union.
    """
    intersection = np.asarray(intersections, np.int64)
    union = np.asarray(unions, np.int64)
    if intersection.ndim != 1 or intersection.shape != union.shape or not union.size:
        raise ValueError(
            f"want as many intersections as unions, one each at least; "
            f"got {intersection.shape} and {union.shape}"
        )
    if np.any(intersection < 0) or np.any(intersection > union):
        raise ValueError("an intersection lies outside 0 … union")
    return intersection, union
