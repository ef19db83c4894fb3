"""Small copies of frames, in which motion and cuts are found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from car_video.segment.resizing import bounded

THUMBNAIL_SIDE = 256  # longest side in pixels
MOST_IN_16_BITS = 257  # bytes whose sum 16 bits always hold


def shrink(image: NDArray[np.uint8], longest: int = THUMBNAIL_SIDE) -> NDArray[np.uint8]:
    """A small copy by means over whole areas; uint8 [H, W, 3] -> uint8 [h, w, 3].

    The same as torch's ``interpolate`` with ``mode="area"``, whose areas overlap by a pixel
    where sides do not divide, in less time (benchmarks/profile.md): sums of rows, then
    differences of running sums along them.
    """
    size = bounded(image.shape[0], image.shape[1], longest)
    top, bottom = _areas(image.shape[0], size[0])
    left, right = _areas(image.shape[1], size[1])
    high, wide = bottom - top, right - left
    kind = np.uint16 if high.max() <= MOST_IN_16_BITS else np.uint32  # narrower is faster
    rows = np.stack([image[a:b].sum(0, dtype=kind) for a, b in zip(top, bottom, strict=True)])
    sums = np.zeros((size[0], image.shape[1] + 1, 3), np.uint32)  # differences hold if it wraps
    np.cumsum(rows, 1, dtype=np.uint32, out=sums[:, 1:])
    total = (sums[:, right] - sums[:, left]).astype(np.float32)
    means = total / high[:, None, None].astype(np.float32) / wide[:, None].astype(np.float32)
    return np.rint(means).astype(np.uint8)


def _areas(pixels: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First pixel of each of so many areas, and the one after its last."""
    numbers = np.arange(count)
    return numbers * pixels // count, -(-(numbers + 1) * pixels // count)
