"""Contour accuracy F: the boundary F-measure (Martin et al., PAMI 2004; Perazzi et al., CVPR
2016, section 4.2), with the tolerance and conventions of the DAVIS 2017 evaluation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import bitmasks
from .bitmasks import PackedMasks
from .checks import mask_stack

DAVIS_TOLERANCE = 0.008
"""Boundary tolerance as a fraction of the image's diagonal."""


def contour_accuracy(
    truth: ArrayLike,
    prediction: ArrayLike,
    void: ArrayLike | None = None,
    tolerance: float = DAVIS_TOLERANCE,
) -> NDArray[np.float64]:
    """F-measure of precision and recall of the boundary pixels of each pair of masks.

    A boundary pixel is matched if the other boundary has a pixel within the tolerance.

    Args:
        truth: bool (or 0 and nonzero) [..., H, W], annotated masks.
        prediction: the same for predicted masks; leading axes broadcast against `truth`.
        void: pixels that count as background in both, broadcastable likewise.
        tolerance: fraction of the image diagonal (rounded up to pixels), or pixels from 1 on.

    Returns:
        float64 [...] in [0, 1]; 1 where neither mask has a boundary (both empty, or covering
        the image), 0 where only one has.

    Raises:
        ValueError: the masks are not of one size, or the tolerance is not positive.
    """
    packed_truth, packed_prediction, (height, width) = mask_stack(truth, prediction, void)
    radius = tolerance_pixels((height, width), tolerance)
    truth_boundary = bitmasks.boundary(packed_truth, width)
    prediction_boundary = bitmasks.boundary(packed_prediction, width)
    return match(
        truth_boundary,
        bitmasks.dilate(truth_boundary, radius),
        prediction_boundary,
        bitmasks.dilate(prediction_boundary, radius),
    )


def boundary_map(masks: ArrayLike) -> NDArray[np.bool_]:
    """Boundary pixels of bool [..., H, W]; see :func:`bitmasks.boundary` for the definition."""
    array = np.asarray(masks) != 0
    width = array.shape[-1]
    return bitmasks.unpack(bitmasks.boundary(bitmasks.pack(array), width), width)


def tolerance_pixels(size: tuple[int, int], tolerance: float = DAVIS_TOLERANCE) -> int:
    """Radius of the matching disk for images of `size` (height, width), in pixels.

    Raises:
        ValueError: the tolerance is not positive.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    if tolerance >= 1:
        return math.floor(tolerance)
    return math.ceil(tolerance * float(np.linalg.norm(size)))


def match(
    truth: PackedMasks,
    truth_disks: PackedMasks,
    prediction: PackedMasks,
    prediction_disks: PackedMasks,
) -> NDArray[np.float64]:
    """F-measure from packed boundaries and their dilations; leading axes broadcast."""
    return f_measure(
        bitmasks.count(truth),
        bitmasks.count(prediction),
        bitmasks.count(truth & prediction_disks),
        bitmasks.count(prediction & truth_disks),
    )


def f_measure(
    truth_pixels: NDArray[np.int64],
    prediction_pixels: NDArray[np.int64],
    truth_matched: NDArray[np.int64],
    prediction_matched: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Harmonic mean of precision and recall from counts of boundary pixels.

    Two empty boundaries give 1, one empty boundary gives 0.
    """
    no_truth, no_prediction = truth_pixels == 0, prediction_pixels == 0
    precision = prediction_matched / np.where(no_prediction, 1, prediction_pixels)
    recall = truth_matched / np.where(no_truth, 1, truth_pixels)
    total = precision + recall
    unmatched = total == 0
    measure = 2 * precision * recall / np.where(unmatched, 1, total)
    return np.asarray(
        np.where(no_truth & no_prediction, 1.0, np.where(unmatched, 0.0, measure))
    )
