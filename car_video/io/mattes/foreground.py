"""Colours of an object without those of what is behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

RADII = (1 / 12, 1 / 120)
"""Of the two passes, in parts of the shorter side: 40 and 4 pixels of 480; the paper has 45 and
3."""

_TINY = 1e-5


def foreground_colours(
    image: NDArray[np.uint8], alpha: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """What the picture would show where the object is not transparent.

    Blur fusion, twice (Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021).

    Args:
        image: uint8 [H, W, 3].
        alpha: float32 [H, W] in [0, 1].

    Returns:
        uint8 [H, W, 3]; where alpha is 1 or 0 the picture itself.
    """
    unsure = (alpha > 0) & (alpha < 1)
    if not unsure.any():
        return image
    picture = image.astype(np.float32)
    front = back = picture
    for part in RADII:
        size = 2 * max(1, round(part * min(alpha.shape))) + 1
        front, back = _fused(picture, front, back, alpha, size)
    colours = np.where(unsure[..., None], front, picture)
    rounded: NDArray[np.uint8] = np.clip(colours + 0.5, 0, 255).astype(np.uint8)
    return rounded


def _fused(
    picture: NDArray[np.float32],
    front: NDArray[np.float32],
    back: NDArray[np.float32],
    alpha: NDArray[np.float32],
    size: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Means of both in windows by alpha; what they leave unexplained is the front's."""
    weight, rest = alpha[..., None], 1 - alpha[..., None]

    def mean(x: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = uniform_filter(x, (size, size, 1), mode="nearest")
        return found

    near_front = mean(front * weight) / (mean(weight) + _TINY)
    near_back = mean(back * rest) / (mean(rest) + _TINY)
    left = picture - weight * near_front - rest * near_back
    return np.clip(near_front + weight * left, 0, 255), near_back
