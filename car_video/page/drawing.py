"""Pictures for the browser, as data that is part of the page: nothing to fetch or to cache."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.io.palette import overlay_colours
from car_video.io.writers.drawing import border, border_thickness, draw_masks
from car_video.types import Frame, FramePrediction

LARGEST = 1280
"""Longer side in pixels of the picture that is shown; masks are computed on the whole frame."""

_THUMBNAIL = 200
_QUALITY = 85


def colours(count: int) -> list[str]:
    """CSS colours of expressions, those of their masks."""
    return [f"rgb({r} {g} {b})" for r, g, b in overlay_colours(count).tolist()]


def frame_url(frame: Frame, prediction: FramePrediction | None) -> str:
    """A frame with its masks as a data URL."""
    image = frame.image if prediction is None else draw_masks(frame.image, prediction, 0.45)
    return _jpeg(image, LARGEST)


def thumbnail_url(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], colour: Sequence[int]
) -> str:
    """The part of a picture around a mask, what is outside of it darkened.

    Args:
        image: uint8 [H, W, 3].
        mask: bool [H, W], not empty.
        colour: of its border, RGB.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    around = max(rows[-1] - rows[0], columns[-1] - columns[0], 8) // 4
    part = (
        slice(max(0, rows[0] - around), min(height, rows[-1] + around + 1)),
        slice(max(0, columns[0] - around), min(width, columns[-1] + around + 1)),
    )
    picture, inside = image[part].copy(), mask[part]
    picture[~inside] = picture[~inside] // 3
    picture[border(inside, border_thickness(*inside.shape))] = colour
    return _jpeg(picture, _THUMBNAIL)


def _jpeg(image: NDArray[np.uint8], largest: int) -> str:
    picture = Image.fromarray(image)
    if max(picture.size) > largest:
        picture.thumbnail((largest, largest), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
