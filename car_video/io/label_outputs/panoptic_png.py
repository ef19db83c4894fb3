"""Ids of segments as colours of a PNG: R + 256 G + 65536 B, as in COCO's panoptic task."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 256**3 - 1


def rgb_of_ids(ids: NDArray[np.integer]) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] of ids [H, W].

    Raises:
        ValueError: an id below 0 or above :data:`LARGEST`.
    """
    if ids.size and (ids.min() < 0 or ids.max() > LARGEST):
        raise ValueError(f"ids of segments are from 0 to {LARGEST}")
    wide = ids.astype(np.uint32)
    return np.stack([wide & 255, wide >> 8 & 255, wide >> 16], -1).astype(np.uint8)


def ids_of_rgb(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    """int32 [H, W] of uint8 [H, W, 3]."""
    wide = picture.astype(np.int32)
    ids: NDArray[np.int32] = wide[..., 0] | wide[..., 1] << 8 | wide[..., 2] << 16
    return ids
