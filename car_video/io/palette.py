"""Colours of expressions: the DAVIS palette for mask files, a lighter twin for overlays.

Entry 0 is the background, entry ``1 + index`` belongs to an expression. Both palettes give an
expression the same hue, so that a mask PNG and an overlay can be read side by side.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_DARKEST, _LIGHTEST = 0.50, 0.93  # OKLab lightness of overlay colours
_CHROMA_GAIN = 1.35

# Ottosson, "A perceptual color space for image processing" (2020): linear sRGB -> LMS -> OKLab
_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@cache
def davis_palette() -> NDArray[np.uint8]:
    """uint8 [256, 3]: the colours of DAVIS and PASCAL VOC annotations, read-only.

    The bits of the index are dealt to red, green and blue in turn, lowest first, and become
    the highest bits of the colour (PASCAL VOC development kit, ``VOClabelcolormap``).
    """
    index = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        channel, significance = bit % 3, 7 - bit // 3
        palette[:, channel] |= ((index >> bit & 1) << significance).astype(np.uint8)
    palette.flags.writeable = False
    return palette


@cache
def overlay_palette() -> NDArray[np.uint8]:
    """uint8 [256, 3]: the DAVIS hues, lifted to a lightness that shows on video, read-only.

    Half of the DAVIS colours are too dark to be seen when blended over a dark picture. Hue
    stays; lightness is mapped to a brighter range; chroma grows by one factor for all (muted
    colours stay muted, which keeps them apart from vivid ones) as far as sRGB allows.
    """
    lab = rgb_to_oklab(davis_palette()[1:])
    low, high = lab[:, 0].min(), lab[:, 0].max()
    lab[:, 0] = _DARKEST + (_LIGHTEST - _DARKEST) * (lab[:, 0] - low) / (high - low)
    palette = np.zeros((256, 3), np.uint8)
    palette[1:] = np.rint(oklab_to_rgb(lab * (1, 0, 0)).clip(0, 1) * 255)
    for gain in np.linspace(0.0, _CHROMA_GAIN, 61):  # the most saturated one inside the gamut
        rgb = oklab_to_rgb(lab * (1, gain, gain))
        fits = ((rgb > -1e-3) & (rgb < 1 + 1e-3)).all(axis=1)
        palette[1:][fits] = np.rint(rgb[fits].clip(0, 1) * 255)
    palette.flags.writeable = False
    return palette


def overlay_colours(count: int) -> NDArray[np.uint8]:
    """uint8 [count, 3]: overlay colour of each expression; repeats after 255."""
    return overlay_palette()[1 + np.arange(count) % 255]


def rgb_to_oklab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """float64 [..., 3] OKLab (lightness in [0, 1]) of uint8 [..., 3] sRGB."""
    value = rgb.astype(np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T)


def oklab_to_rgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 [..., 3] sRGB of OKLab; outside of [0, 1] where the colour is out of gamut."""
    lms = (lab @ np.linalg.inv(_LMS_TO_LAB).T) ** 3
    linear = lms @ np.linalg.inv(_RGB_TO_LMS).T
    curved = 1.055 * np.maximum(linear, 1e-12) ** (1 / 2.4) - 0.055
    return np.asarray(np.where(linear <= 0.0031308, linear * 12.92, curved))
