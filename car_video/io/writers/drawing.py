"""Masks drawn over pictures: translucent colour with an opaque border.

Pure functions on numpy arrays; work is confined to the boxes of the masks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from car_video.io.palette import overlay_colours
from car_video.io.writers.legend import legend_for
from car_video.types import FramePrediction

RGBImage = NDArray[np.uint8]
"""uint8 [H, W, 3], RGB."""


def draw_overlay(image: RGBImage, prediction: FramePrediction) -> RGBImage:
    """A copy of the image with masks (:func:`draw_masks`) and legend.

    Args:
        image: uint8 [H, W, 3].
        prediction: masks bool [Q, H, W] of the same size.

    Returns:
        uint8 [H, W, 3], a new array.
    """
    canvas = draw_masks(image, prediction)
    names: tuple[str | None, ...] = prediction.expressions
    if "active" in prediction.extras:  # those that are not looked for any more have no chip
        asked = prediction.extras["active"]
        names = tuple(name if on else None for name, on in zip(names, asked, strict=True))
    legend = legend_for(names, canvas.shape[1], canvas.shape[0])
    legend.draw(canvas, prediction.scores, prediction.present)
    return canvas


def draw_masks(image: RGBImage, prediction: FramePrediction, opacity: float = 0.5) -> RGBImage:
    """A copy of the image with every mask filled and bordered in its expression's colour.

    Where masks overlap, the fill is that of :meth:`FramePrediction.label_map` (so a pixel
    has the colour it has in the mask PNG), while each border is drawn in full.

    Args:
        image: uint8 [H, W, 3].
        prediction: masks bool [Q, H, W] of the same size.
        opacity: of the fill, in [0, 1].

    Returns:
        uint8 [H, W, 3], a new array.
    """
    height, width = prediction.masks.shape[1:]
    if image.shape != (height, width, 3):
        raise ValueError(f"image is {image.shape}, masks are {height}x{width}")
    canvas = image.copy()
    colours = overlay_colours(len(prediction.expressions))
    boxes = prediction.boxes()
    painted = [int(query) for query in prediction.by_score() if boxes[query, 2]]
    windows = {query: _window(boxes[query]) for query in painted}
    for query in painted:  # from the untouched image, so that the topmost colour stays pure
        window = windows[query]
        fill(
            canvas[window],
            image[window],
            prediction.masks[query][window],
            colours[query],
            opacity,
        )
    thickness = border_thickness(height, width)
    for query in painted:
        rows, columns = windows[query]
        # one pixel more on each side, to see what lies outside of the mask
        rows = slice(max(rows.start - 1, 0), rows.stop + 1)
        columns = slice(max(columns.start - 1, 0), columns.stop + 1)
        mask = prediction.masks[query][rows, columns]
        canvas[rows, columns][border(mask, thickness)] = colours[query]
    return canvas


def fill(
    canvas: RGBImage,
    image: RGBImage,
    mask: NDArray[np.bool_],
    colour: NDArray[np.uint8],
    opacity: float,
) -> None:
    """Write ``(1 - opacity) * image + opacity * colour`` into the canvas where the mask is set.

    Args:
        canvas: uint8 [h, w, 3], changed in place.
        image: uint8 [h, w, 3], what lies under the colour.
        mask: bool [h, w].
        colour: uint8 [3].
        opacity: in [0, 1].
    """
    levels = np.arange(256) * (1.0 - opacity)
    for channel in range(3):  # one table per channel: four times as fast as blending colours
        table = np.rint(levels + opacity * int(colour[channel])).astype(np.uint8)
        canvas[..., channel][mask] = table[image[..., channel][mask]]


def border(mask: NDArray[np.bool_], thickness: int) -> NDArray[np.bool_]:
    """Pixels of the mask that lie within ``thickness`` of a pixel outside of it.

    Distance is counted along rows, columns and diagonals (a square). The edge of the array
    is not an outside: a mask that leaves the picture has no line along the picture's edge.

    Args:
        mask: bool [H, W].
        thickness: pixels, at least 1.

    Returns:
        bool [H, W].
    """
    return mask & ~erode(mask, thickness)


def erode(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Pixels whose whole square neighbourhood, ``reach`` to each side, is in the mask.

    What lies beyond the edge of the array counts as inside.

    Args:
        mask: bool [H, W].
        reach: pixels, 0 or more.

    Returns:
        bool [H, W], a new array.
    """
    inside = mask.copy()
    reached = 0
    while reached < reach:  # shifts of 1, 2, 4, ... add up to a window of any size
        step = min(reached + 1, reach - reached)
        for axis in (inside, inside.T):
            axis[step:] &= axis[:-step]
            axis[:-step] &= axis[step:]
        reached += step
    return inside


def border_thickness(height: int, width: int) -> int:
    """Pixels that look the same at every size of picture: 2 at 480p, 5 at 1080p."""
    return max(1, round(min(height, width) / 220))


def _window(box: NDArray[np.int64]) -> tuple[slice, slice]:
    x, y, width, height = (int(v) for v in box)
    return slice(y, y + height), slice(x, x + width)
