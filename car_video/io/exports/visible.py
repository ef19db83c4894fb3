"""Masks that do not overlap, for formats in which a pixel belongs to one object."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from car_video.types import FramePrediction


def visible_masks(prediction: FramePrediction) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Index and mask, bool [H, W], of every expression that is seen; the higher score wins."""
    taken = np.zeros(prediction.masks.shape[1:], bool)
    seen = {}
    for query in prediction.by_score()[::-1].tolist():
        seen[query] = prediction.masks[query] & ~taken
        taken |= prediction.masks[query]
    return ((query, seen[query]) for query in sorted(seen) if seen[query].any())
