"""Strips of four panels: picture, prediction, ground truth, error."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.io.palette import overlay_palette

from ..benchmarks.results import Strip

PANEL = (340, 220)  # width and height of the box that a panel is fitted into
_GAP = 6
_MISSED, _FALSE, _WRONG = (0, 114, 178), (213, 94, 0), (204, 121, 167)  # Okabe & Ito
_RIGHT = (225, 225, 225)


def _hex(colour: tuple[int, int, int]) -> str:
    return "#" + bytes(colour).hex()


LEGEND = (
    ("right", _hex(_RIGHT)),
    ("missed", _hex(_MISSED)),
    ("too much", _hex(_FALSE)),
    ("other object or class", _hex(_WRONG)),
)
"""Meaning and colour of the error panel, told apart by most colour-blind people."""

Rgb = NDArray[np.uint8]


def encode(strip: Strip) -> bytes:
    """JPEG of the four panels side by side."""
    panels = [
        strip.image,
        blend(strip.image, strip.predicted),
        blend(strip.image, strip.truth),
        error(strip),
    ]
    height, width = strip.image.shape[:2]
    scale = min(PANEL[0] / width, PANEL[1] / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    total = Image.new("RGB", (4 * PANEL[0] + 3 * _GAP, size[1]), "white")
    for number, panel in enumerate(panels):
        small = Image.fromarray(panel).resize(size, Image.Resampling.BOX)
        total.paste(small, (number * (PANEL[0] + _GAP), 0))
    buffer = io.BytesIO()
    total.save(buffer, format="JPEG", quality=85)
    return buffer.getvalue()


def blend(image: Rgb, labels: NDArray[np.uint8], opacity: float = 0.6) -> Rgb:
    """uint8 [H, W, 3]: the picture dimmed, with each label's colour over it."""
    colours = overlay_palette()[labels].astype(np.float32)
    base = image.astype(np.float32) * 0.75
    mixed = base * (1 - opacity) + colours * opacity
    return np.where((labels > 0)[..., None], mixed, base).astype(np.uint8)


def error(strip: Strip) -> Rgb:
    """uint8 [H, W, 3]: where prediction and ground truth agree or not, over a dark picture."""
    grey = strip.image.mean(axis=2, keepdims=True).astype(np.uint8) // 3
    result = np.repeat(grey, 3, axis=2)
    truth, predicted = strip.truth, strip.predicted
    kinds = (
        ((truth > 0) & (predicted == truth), _RIGHT),
        ((truth > 0) & (predicted == 0), _MISSED),
        ((truth == 0) & (predicted > 0), _FALSE),
        ((truth > 0) & (predicted > 0) & (predicted != truth), _WRONG),
    )
    for where, colour in kinds:
        result[where] = colour
    if strip.ignored is not None:
        result[strip.ignored] = grey[strip.ignored]
    return result
