"""Edges of mattes: grown or shrunk, softened along the picture, feathered, inverted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, gaussian_filter

from car_video.errors import ConfigError
from car_video.io.mattes.guided_filter import guided_filter

BAND = 1 / 64
"""Part of the shorter side that is unsure on either side of a mask's border: 7 pixels of 480.
Blur of motion reaches as far; in a wider band real pictures run into what is behind them."""

WINDOW = 1.0
"""Radius of the guided filter's windows, in parts of the band."""

EPSILON = 1e-3
"""Variance of colours in [0, 1] below which a window counts as flat. Together with ``WINDOW``
chosen on drawn composites that are not those of docs/exports.md
(``python -m benchmarks.edges --choose``)."""

STEADY = 0.5
"""Part of the matte before that stays where the picture has not changed."""

CHANGE = 0.04
"""Change of a colour in [0, 1], from frame to frame, at which little of it stays: twice the
noise of cameras."""

LARGEST = 500
"""Pixels of --grow, --shrink and --feather: more is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class EdgeOptions:
    """What is done to the edges of mattes, in this order.

    Attributes:
        grow: pixels; a negative number shrinks.
        soft: alpha between 0 and 1 where the picture's colours say so.
        feather: pixels over which the edge fades.
        invert: everything but the object.
    """

    grow: int = 0
    soft: bool = False
    feather: int = 0
    invert: bool = False

    def __post_init__(self) -> None:
        if abs(self.grow) > LARGEST or not 0 <= self.feather <= LARGEST:
            raise ConfigError(f"edges are moved or feathered by at most {LARGEST} pixels")


class EdgeFilter:
    """Mattes of one object, frame after frame.

    Soft edges are smoothed over time where the picture stands still, so that they do not boil.

    Args:
        options: what is done.
    """

    def __init__(self, options: EdgeOptions) -> None:
        self.options = options
        self._last: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def step(
        self, mask: NDArray[np.bool_], image: NDArray[np.uint8] | None = None
    ) -> NDArray[np.float32]:
        """The matte of the next frame.

        Args:
            mask: bool [H, W].
            image: uint8 [H, W, 3], needed for soft edges.

        Returns:
            float32 [H, W] in [0, 1].
        """
        options = self.options
        alpha = grown(mask, options.grow).astype(np.float32)
        if options.soft:
            if image is None:
                raise ConfigError("soft edges need the pictures of the source")
            alpha = self._steady(alpha, image)
        if options.feather:  # a Gaussian falls from 84 % to 16 % within twice its deviation
            alpha = gaussian_filter(alpha, options.feather / 2, mode="nearest")
        return 1 - alpha if options.invert else alpha

    def _steady(
        self, mask: NDArray[np.float32], image: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        guide = (image / np.float32(255)).astype(np.float32)
        alpha = softened(mask > 0, guide)
        if self._last is not None and self._last[0].shape == alpha.shape:
            before, picture = self._last
            change = np.abs(guide - picture).max(-1) / CHANGE
            keep = STEADY * np.exp(-(change**2)) * (np.abs(alpha - before) < 0.5)
            alpha = alpha + keep * (before - alpha)
        self._last = alpha, guide
        return alpha


def grown(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """A mask whose border is moved outwards, or inwards for a negative number.

    The edge of the picture is no border: an object that leaves the picture goes on.
    """
    if not pixels or not mask.any() or mask.all():
        return mask
    if pixels > 0:
        near: NDArray[np.bool_] = distance_transform_edt(~mask) <= pixels
        return near
    far: NDArray[np.bool_] = distance_transform_edt(mask) > -pixels
    return far


def softened(mask: NDArray[np.bool_], guide: NDArray[np.float32]) -> NDArray[np.float32]:
    """Alpha of a mask: 0 and 1 away from its border, in between what the colours say.

    Args:
        mask: bool [H, W].
        guide: the picture, float32 [H, W, 3] in [0, 1].

    Returns:
        float32 [H, W] in [0, 1].
    """
    hard = mask.astype(np.float32)
    if not mask.any() or mask.all():
        return hard
    band = max(2, round(BAND * min(mask.shape)))
    radius = max(1, round(WINDOW * band))
    border = binary_dilation(mask) & binary_dilation(~mask)
    rows, columns = np.flatnonzero(border.any(1)), np.flatnonzero(border.any(0))
    reach = band + 2 * radius  # what the pixels of the band depend on
    part = (
        slice(max(0, rows[0] - reach), rows[-1] + reach + 1),
        slice(max(0, columns[0] - reach), columns[-1] + reach + 1),
    )
    found = np.clip(guided_filter(guide[part], hard[part], radius, EPSILON), 0, 1)
    # The farther from the border, the more the mask is believed: colours that the object and
    # what is behind it share would let the one run into the other.
    distance = distance_transform_edt(~border[part]) / band
    doubt = np.clip(1 - distance**2, 0, 1).astype(np.float32)
    alpha = hard.copy()
    alpha[part] += doubt * (found - hard[part])
    return alpha
