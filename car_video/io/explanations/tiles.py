"""Frames, maps and masks as small pictures of one size. Pure functions."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.io.writers.drawing import border, fill

HEAT = ("000004", "420a68", "932667", "dd513a", "fca50a", "fcffa4")
"""Colours of maps from 0 to 1: matplotlib's "inferno" at six places."""
HEAT_OPACITY = 0.7
BORDER = 2
"""Pixels of the border of a mask."""


def tile_size(height: int, width: int, box: tuple[int, int]) -> tuple[int, int]:
    """(h, w) of the largest tile of a frame's shape in a box (h, w)."""
    scale = min(box[0] / height, box[1] / width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def plain(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture uint8 [H, W, 3] at the size (h, w) of a tile."""
    smaller = size[0] < image.shape[0]
    how = Image.Resampling.BOX if smaller else Image.Resampling.BICUBIC
    return np.array(Image.fromarray(image).resize((size[1], size[0]), how))


def heat(
    image: NDArray[np.uint8],
    values: NDArray[np.float32],
    size: tuple[int, int],
    smooth: bool = True,
) -> NDArray[np.uint8]:
    """A map over the grey picture.

    Args:
        image: uint8 [H, W, 3].
        values: float32 [h, w] in [0, 1], cells of the whole picture.
        size: (h, w) of the tile.
        smooth: enlarge it bilinearly; else cells stay squares.
    """
    how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    cells = Image.fromarray(np.asarray(values, np.float32)).resize((size[1], size[0]), how)
    levels = (np.asarray(cells).clip(0, 1) * 255).round().astype(np.uint8)
    grey = plain(image, size).mean(2, keepdims=True)
    blended = (1 - HEAT_OPACITY) * grey + HEAT_OPACITY * heat_colours()[levels]
    return np.asarray(blended.round().astype(np.uint8))


def masked(
    image: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    size: tuple[int, int],
    colour: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """A mask bool [h, w] of any size, filled and bordered over the picture."""
    tile = plain(image, size)
    small = Image.fromarray(mask.astype(np.float32))
    small = small.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    inside = np.asarray(small) > 0.5
    result = tile.copy()
    fill(result, tile, inside, colour, 0.5)
    result[border(inside, BORDER)] = colour
    return result


@cache
def heat_colours() -> NDArray[np.float64]:
    """float64 [256, 3]: :data:`HEAT`, interpolated; read-only."""
    anchors = np.array([list(bytes.fromhex(code)) for code in HEAT], float)
    places = np.linspace(0, len(HEAT) - 1, 256)
    colours = np.stack([np.interp(places, range(len(HEAT)), a) for a in anchors.T], 1)
    colours.flags.writeable = False
    return colours
