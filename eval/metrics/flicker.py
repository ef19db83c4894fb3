"""Flicker: how much a mask changes from frame to frame beyond the motion of the picture.

DAVIS 2016 measures temporal (in)stability T by matching shape contexts of contours; the 2017
evaluation has dropped it. In its place flicker is 1 - IoU of each mask with its predecessor
after motion compensation, the usual form of temporal consistency (Liu et al., "Efficient
semantic video segmentation with per-frame inference", ECCV 2020: IoU after warping by optical
flow). It needs no ground truth, so true changes of shape and errors of the flow count as well:
a perfect mask has some flicker. Compare methods on the same clips, or subtract the flicker of
the ground truth (:func:`excess_flicker`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from car_video.video.tracking.motion import Flow, reach_pixels, warp


def flicker(masks: ArrayLike, flows: Iterable[Flow] | None = None) -> NDArray[np.float64]:
    """1 - IoU of each mask with its predecessor, after motion compensation.

    With flows the predecessor is warped by the motion of the picture, and pixels that come from
    outside the frame are left out. Without, it is moved by the one translation (of up to 5 % of
    the diagonal along each axis) that makes the value smallest: then only changes of shape and
    size count, and a mask that wobbles about its object is not found out. Prefer flows where
    the frames are at hand (annotations of ref-davis-dev: 0.10 with block_flow, 0.17 without).

    Args:
        masks: bool (or 0 and nonzero) [T, H, W], one object over time.
        flows: T - 1 backward flows (see :mod:`motion`), from frame to next frame.

    Returns:
        float64 [T - 1] in [0, 1]: 0 steady; 1 no overlap, or the mask appears or vanishes;
        0 where both masks are empty.

    Raises:
        ValueError: `masks` has not three axes, or there are not T - 1 flows of its size.
    """
    stack = np.asarray(masks) != 0
    if stack.ndim != 3:
        raise ValueError(f"want masks of one object [T, H, W], got shape {stack.shape}")
    steps = list(itertools.pairwise(stack))
    if flows is None:
        return np.array([_after_translation(*pair) for pair in steps], np.float64)
    values = [
        _after_warp(before, now, flow)
        for (before, now), flow in zip(steps, _checked(flows, stack.shape), strict=True)
    ]
    return np.array(values, np.float64)


def excess_flicker(
    prediction: ArrayLike, truth: ArrayLike, flows: Sequence[Flow] | None = None
) -> NDArray[np.float64]:
    """Flicker of the prediction minus flicker of the ground truth, frame by frame.

    The true change of shape, occlusions and errors of the flow are in both and cancel on
    average. Negative where the prediction changes less than the object does.

    Args:
        prediction: bool [T, H, W].
        truth: bool [T, H, W].
        flows: T - 1 backward flows or None, as in :func:`flicker`.

    Returns:
        float64 [T - 1] in [-1, 1].

    Raises:
        ValueError: shapes differ or do not suit :func:`flicker`.
    """
    if np.shape(prediction) != np.shape(truth):
        raise ValueError(f"masks of {np.shape(prediction)} and {np.shape(truth)}")
    return flicker(prediction, flows) - flicker(truth, flows)


def _after_warp(before: NDArray[np.bool_], now: NDArray[np.bool_], flow: Flow) -> float:
    if not before.any() or not now.any():
        return float(before.any() != now.any())
    moved, known = warp(before, flow)
    seen = now & known
    union = int((moved | seen).sum())
    return 1 - int((moved & seen).sum()) / union if union else 0.0


def _after_translation(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> float:
    if not before.any() or not now.any():
        return float(before.any() != now.any())
    overlap = _best_overlap(before, now, reach_pixels((now.shape[0], now.shape[1])))
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


def _checked(flows: Iterable[Flow], shape: tuple[int, ...]) -> Iterable[Flow]:
    """The flows one by one, as they may be computed on the way.

    Raises:
        ValueError: too few, too many, or one of another size.
    """
    wanted, number = shape[0] - 1, 0
    for number, flow in enumerate(flows, 1):
        if number > wanted:
            raise ValueError(f"want {wanted} flows, got more")
        if flow.shape != (2, *shape[1:]):
            raise ValueError(f"flow {number} has shape {flow.shape}, not {(2, *shape[1:])}")
        yield flow
    if number < wanted:
        raise ValueError(f"want {wanted} flows, got {number}")
