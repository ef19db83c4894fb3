"""Flicker: how much a mask changes from frame to frame beyond the motion of the object.

DAVIS 2016 measures temporal (in)stability T by matching shape contexts of contours; the 2017
evaluation has dropped it. In its place flicker is 1 - IoU of each mask with its predecessor
after motion compensation, the usual form of temporal consistency (Liu et al., "Efficient
semantic video segmentation with per-frame inference", ECCV 2020). The compensation is the one
translation that suits the mask best, so only changes of shape and size count. It needs no
ground truth, so true changes of shape count as well: a perfect mask has some flicker. Compare
it with the flicker of the ground truth of the same clip.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

REACH = 0.05
"""Longest translation along each axis, as a fraction of the image's diagonal."""


def flicker(masks: ArrayLike) -> NDArray[np.float64]:
    """1 - IoU of each mask with its predecessor, moved by the best translation.

    Args:
        masks: bool (or 0 and nonzero) [T, H, W], one object over time.

    Returns:
        float64 [T - 1] in [0, 1]: 0 steady; 1 no overlap, or the mask appears or vanishes;
        0 where both masks are empty.

    Raises:
        ValueError: `masks` has not three axes.
    """
    stack = np.asarray(masks) != 0
    if stack.ndim != 3:
        raise ValueError(f"want masks of one object [T, H, W], got shape {stack.shape}")
    steps = itertools.pairwise(stack)
    return np.array([_after_translation(*pair) for pair in steps], np.float64)


def _after_translation(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> float:
    if not before.any() or not now.any():
        return float(before.any() != now.any())
    overlap = _best_overlap(before, now, round(REACH * float(np.hypot(*now.shape))))
    return 1 - overlap / (int(before.sum()) + int(now.sum()) - overlap)


def _best_overlap(before: NDArray[np.bool_], now: NDArray[np.bool_], reach: int) -> int:
    """Most pixels that two masks share when one moves by up to `reach` along each axis.

    The frame has no edge here: what moves out of it still counts. All translations at once by
    the Fourier transform of the part that holds both masks.
    """
    either = before | now
    rows, columns = np.flatnonzero(either.any(axis=1)), np.flatnonzero(either.any(axis=0))
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    box = before[part].shape
    shape = [fft.next_fast_len(side + reach, real=True) for side in box]
    spectrum = fft.rfft2(before[part].astype(np.float64), shape).conj()
    spectrum *= fft.rfft2(now[part].astype(np.float64), shape)
    overlaps = fft.irfft2(spectrum, shape)
    lags = [np.arange(-min(reach, side - 1), min(reach, side - 1) + 1) for side in box]
    return round(float(overlaps[np.ix_(*lags)].max()))
