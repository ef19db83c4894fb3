"""OpenCV's blur, grey and borders, byte for byte, without OpenCV.

The prompts of CaR's released code are the bytes that ``cv2.GaussianBlur``, ``cv2.cvtColor``,
``cv2.ellipse``, ``cv2.rectangle`` and ``cv2.drawContours`` produce. Those are
integer algorithms: the blur and the grey are exact in float32 because no value exceeds 2^24,
and borders of one pixel are a handful of points, walked in 16.16 fixed point on the CPU. The
tests hold every one of them to OpenCV itself.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from car_video.segment.blur import mirrored, sliding_sum

BoolMask = NDArray[np.bool_]

# A Gaussian of 15 taps and sigma 0.3 * ((15 - 1) / 2 - 1) + 0.8 = 2.6, in 1/256.
_BLUR_TAPS = (1, 3, 6, 12, 20, 30, 36, 40, 36, 30, 20, 12, 6, 3, 1)
_FRACTION = 16  # bits after the point
_ONE = 1 << _FRACTION
_HALF = _ONE >> 1


def blur(image: Tensor) -> Tensor:
    """``cv2.GaussianBlur(image, (15, 15), 0)``.

    Args:
        image: [3, H, W], whole numbers from 0 to 255 in float32.

    Returns:
        the same form.
    """
    padded = image
    for dim in (1, 2):
        index = mirrored(image.shape[dim], len(_BLUR_TAPS) // 2).to(image.device)
        padded = sliding_sum(padded.index_select(dim, index), _BLUR_TAPS, dim)
    return torch.floor((padded + 32768.0) / 65536.0)


def swapped_gray(image: Tensor) -> Tensor:
    """``cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)`` of an RGB image: red and blue swap weights.

    Args:
        image: [3, H, W], whole numbers from 0 to 255 in float32.

    Returns:
        [1, H, W].
    """
    weighted = image[0] * 3735.0 + image[1] * 19235.0 + image[2] * 9798.0
    return torch.floor((weighted + 16384.0) / 32768.0)[None]


def border(mask: BoolMask, shape: str) -> BoolMask:
    """Pixels of the reference's one-pixel ``circle``, ``rectangle`` or ``contour``.

    Args:
        mask: bool [H, W], not empty.
        shape: which.

    Returns:
        bool [H, W].
    """
    if shape == "contour":
        return _contour(mask)
    rows, columns = np.nonzero(mask)
    center = int(np.mean(columns)), int(np.mean(rows))
    half = int(np.ptp(columns) + 1) // 2, int(np.ptp(rows) + 1) // 2
    drawn = np.zeros(mask.shape, np.bool_)
    if shape == "circle":
        _draw_ellipse(drawn, center, half)
    else:
        _draw_rectangle(drawn, center, half)
    return drawn


def _contour(mask: BoolMask) -> BoolMask:
    """Pixels of the filled mask with a side in the background or on the frame."""
    filled = ndimage.binary_fill_holes(mask)
    return filled & ~ndimage.binary_erosion(filled, border_value=0)


def _draw_rectangle(drawn: BoolMask, center: tuple[int, int], half: tuple[int, int]) -> None:
    height, width = drawn.shape
    left, right = center[0] - half[0], center[0] + half[0]
    top, bottom = center[1] - half[1], center[1] + half[1]
    columns = slice(max(left, 0), max(right + 1, 0))
    rows = slice(max(top, 0), max(bottom + 1, 0))
    for row in (top, bottom):
        if 0 <= row < height:
            drawn[row, columns] = True
    for column in (left, right):
        if 0 <= column < width:
            drawn[rows, column] = True


def _draw_ellipse(drawn: BoolMask, center: tuple[int, int], half: tuple[int, int]) -> None:
    """The ellipse is a polygon with a corner every few degrees, its sides fixed-point lines."""
    longest = max(half)
    step = 90 if longest < 3 else 30 if longest < 10 else 18 if longest < 15 else 5
    corners: list[tuple[int, int]] = []
    for degrees in range(0, 360 + step, step):
        angle = np.deg2rad([90.0 + min(degrees, 360), min(degrees, 360)])
        across, down = np.sin(angle).round(7).astype(np.float32).tolist()
        corner = (
            _to_fixed(center[0] * _ONE + half[0] * _ONE * across),
            _to_fixed(center[1] * _ONE + half[1] * _ONE * down),
        )
        if not corners or corner != corners[-1]:
            corners.append(corner)
    if len(corners) == 1:
        corners = [(center[0] * _ONE, center[1] * _ONE)] * 2
    for start, end in itertools.pairwise(corners):
        _draw_line(drawn, start, end)


def _to_fixed(value: float) -> int:
    """Rounded in two steps: to whole pixels, then the rest to whole fractions."""
    whole = int(np.rint(value / _ONE)) << _FRACTION
    return whole + int(np.rint(value - whole))


def _draw_line(drawn: BoolMask, start: tuple[int, int], end: tuple[int, int]) -> None:
    """One pixel per step along the longer axis, from 16.16 fixed-point ends."""
    height, width = drawn.shape
    clipped = _clip(start, end, (width << _FRACTION) - 1, (height << _FRACTION) - 1)
    if clipped is None:
        return
    (x0, y0), (x1, y1) = clipped
    steep = abs(x1 - x0) <= abs(y1 - y0)
    if steep:
        x0, y0, x1, y1 = y0, x0, y1, x1
    if x1 < x0:
        x0, y0, x1, y1 = x1, y1, x0, y0
    rise = _quotient((y1 - y0) << _FRACTION, (x1 - x0) | 1)
    first, level = (x0 + _HALF) >> _FRACTION, y0 + _HALF
    points = [((x1 + _HALF) >> _FRACTION, (y1 + _HALF) >> _FRACTION)]
    for step in range(((x1 - x0) >> _FRACTION) + 1):
        points.append((first + step, (level + step * rise) >> _FRACTION))
    for along, across in points:
        x, y = (across, along) if steep else (along, across)
        if 0 <= x < width and 0 <= y < height:
            drawn[y, x] = True


def _quotient(a: int, b: int) -> int:
    """Towards zero, as in C."""
    return a // b if (a >= 0) == (b > 0) else -(-a // b)


def _clip(
    start: tuple[int, int], end: tuple[int, int], right: int, bottom: int
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The part of a line inside 0 .. right, 0 .. bottom (Cohen and Sutherland); None outside.

    First both ends are moved onto the frame vertically, then horizontally, each with the
    slope of the ends as they are by then.
    """
    ends = [list(start), list(end)]
    limits = (right, bottom)

    def side(point: list[int], axis: int) -> int:
        return -1 if point[axis] < 0 else int(point[axis] > limits[axis])

    for axis in (1, 0):
        sides = [[side(point, a) for a in (0, 1)] for point in ends]
        if any(a and a == b for a, b in zip(*sides, strict=True)):
            return None
        for point in ends:
            where = side(point, axis)
            if where:
                limit = 0 if where < 0 else limits[axis]
                run = ends[1][1 - axis] - ends[0][1 - axis]
                rise = ends[1][axis] - ends[0][axis]
                point[1 - axis] += _quotient((limit - point[axis]) * run, rise)
                point[axis] = limit
    if any(side(point, axis) for point in ends for axis in (0, 1)):
        return None
    return (ends[0][0], ends[0][1]), (ends[1][0], ends[1][1])
