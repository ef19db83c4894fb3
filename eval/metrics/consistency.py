"""Does a mask come and go with its target, and stay off other things: tIoU, vIoU, robustness.

tIoU and vIoU: Liang et al., "Long-RVOS", 2025 (arXiv:2505.12702). Robustness: Li et al.,
"Robust referring video object segmentation", ICCV 2023, as the evaluation of ReVOS (Yan et al.,
ECCV 2024) computes it. `tests/eval/benchmarks/test_official_numbers.py` holds both to the
official code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def temporal_iou(truth: ArrayLike, prediction: ArrayLike) -> float:
    """tIoU: frames in which both masks have pixels, over those in which either has.

    Args:
        truth: bool (or 0 and nonzero) [T, H, W].
        prediction: the same.

    Returns:
        In [0, 1]; 1 where both are empty throughout.
    """
    both, either = _frames(truth, prediction)
    return float(both.sum() / either.sum()) if either.any() else 1.0


def volume_iou(truth: ArrayLike, prediction: ArrayLike, region: ArrayLike) -> float:
    """vIoU: J summed over the frames in which both masks have pixels, over those with either.

    Args:
        truth, prediction: as for :func:`temporal_iou`.
        region: float [T], J of each frame.

    Returns:
        In [0, 1]; 1 where both are empty throughout.
    """
    both, either = _frames(truth, prediction)
    values = np.asarray(region, np.float64)
    return float(values[both].sum() / either.sum()) if either.any() else 1.0


def robustness(truth: ArrayLike, prediction: ArrayLike, foreground: ArrayLike) -> float:
    """R: 1 less the pixels predicted beside the target over those of all objects.

    Args:
        truth, prediction: as for :func:`temporal_iou`.
        foreground: integers [T], pixels of every annotated object of each frame.

    Returns:
        In [0, 1]: mean over frames, each at least 0.
    """
    beside = ((np.asarray(prediction) != 0) & (np.asarray(truth) == 0)).sum((1, 2))
    share = beside / (np.asarray(foreground) + _EPSILON)
    return float(np.maximum(1 - share, 0).mean())


_EPSILON = 1e-6
"""Pixels; of the official code: without any object one pixel too many gives 0."""


def _frames(
    truth: ArrayLike, prediction: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Frames [T] in which both have pixels, and those in which either has."""
    there = [np.asarray(np.asarray(masks).any((1, 2))) for masks in (truth, prediction)]
    return np.logical_and(*there), np.logical_or(*there)
