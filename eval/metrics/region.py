"""Region similarity J: the Jaccard index of two masks (Perazzi et al., CVPR 2016, sec. 4.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import bitmasks
from .checks import mask_stack


def region_similarity(
    truth: ArrayLike, prediction: ArrayLike, void: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Intersection over union of each pair of masks.

    Args:
        truth: bool (or 0 and nonzero) [..., H, W], annotated masks.
        prediction: the same for predicted masks; leading axes broadcast against `truth`.
        void: pixels to leave out of both, broadcastable likewise.

    Returns:
        float64 [...] in [0, 1]; 1 where both masks are empty (the DAVIS convention).

    Raises:
        ValueError: the masks are not of one size.
    """
    packed_truth, packed_prediction, _ = mask_stack(truth, prediction, void)
    return jaccard(
        bitmasks.count(packed_truth & packed_prediction),
        bitmasks.count(packed_truth | packed_prediction),
    )


def jaccard(intersection: NDArray[np.int64], union: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intersection over union from counts of pixels; 1 where the union is empty."""
    empty = union == 0
    return np.asarray(np.where(empty, 1.0, intersection / np.where(empty, 1, union)))
