"""Pictures resized by explicit matrices, and what a classifier is shown of a mask."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import ndimage

from car_video.segment.classification.visual_prompts import PromptStyle
from car_video.segment.reference.opencv import _draw_ellipse

Floats = np.ndarray
MEAN_COLOUR = (0.48145466, 0.4578275, 0.40821073)
TAPS = np.array([1, 3, 6, 12, 20, 30, 36, 40, 36, 30, 20, 12, 6, 3, 1])


def cubic(x: float) -> float:
    x = abs(x)
    if x < 1:
        return (1.5 * x - 2.5) * x * x + 1
    return ((-0.5 * x + 2.5) * x - 4) * x + 2 if x < 2 else 0.0


def triangle(x: float) -> float:
    return max(0.0, 1 - abs(x))


@cache  # a loop over numbers; pictures of a test have few sizes
def axis_weights(size_in: int, size_out: int, cubical: bool) -> Floats:
    """[out, in]: a kernel as wide as an output pixel, at least an input pixel (Pillow's)."""
    scale = size_in / size_out
    wide = max(scale, 1.0)
    reach = (2 if cubical else 1) * wide
    weights = np.zeros((size_out, size_in))
    for row in range(size_out):
        centre = (row + 0.5) * scale
        for column in range(size_in):
            if abs(column + 0.5 - centre) < reach + 0.5:
                distance = (column + 0.5 - centre) / wide
                weights[row, column] = cubic(distance) if cubical else triangle(distance)
        weights[row] /= weights[row].sum()
    return weights


def resize(planes: Floats, size: tuple[int, int], cubical: bool) -> Floats:
    """[H, W, ...] -> [h, w, ...]; values may overshoot when cubical."""
    down = axis_weights(planes.shape[0], size[0], cubical)
    across = axis_weights(planes.shape[1], size[1], cubical)
    rows = np.tensordot(down, planes, (1, 0))  # [h, W, ...]
    return np.moveaxis(np.tensordot(across, rows, (1, 1)), 0, 1)


def centre_crop(picture: Floats, side: int) -> Floats:
    """Shorter side to ``side``, the ends of the longer cut off."""
    height, width = picture.shape[:2]
    short = min(height, width)
    rows, columns = int(side * height / short), int(side * width / short)
    big = resize(picture, (rows, columns), True)
    top, left = round((rows - side) / 2), round((columns - side) / 2)
    return big[top : top + side, left : left + side]


def as_reference(picture: Floats, mask: Floats, prompts: Sequence[str]) -> Floats:
    """uint8 [H, W, 3] with the reference's prompts; the plain picture for an empty mask."""
    if not mask.any():
        return picture.astype(float)
    out, outside = picture.astype(np.int64), ~mask.astype(bool)
    if "blur" in prompts:
        blurred = ndimage.correlate1d(out, TAPS, 0, mode="mirror")
        blurred = (ndimage.correlate1d(blurred, TAPS, 1, mode="mirror") + 32768) // 65536
        out = np.where(outside[..., None], blurred, out)
    if "gray" in prompts:  # OpenCV's weights of blue, green and red, in 1 / 32768
        luma = (out @ np.array([3735, 19235, 9798]) + 16384) // 32768
        out = np.where(outside[..., None], luma[..., None], out)
    if "black" in prompts:
        out = np.where(outside[..., None], 0, out)
    rows, columns = np.nonzero(mask)
    centre = int(columns.mean()), int(rows.mean())
    half = (columns.max() - columns.min() + 1) // 2, (rows.max() - rows.min() + 1) // 2
    if "circle" in prompts:  # the polygon's pixels are held to OpenCV's in a test of their own
        drawn = np.zeros(mask.shape, bool)
        _draw_ellipse(drawn, centre, (int(half[0]), int(half[1])))
        out[drawn] = (255, 0, 0)
    if "contour" in prompts:
        filled = ndimage.binary_fill_holes(mask)
        for y, x in np.argwhere(filled):
            around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            inside = [
                0 <= v < mask.shape[0] and 0 <= u < mask.shape[1] and filled[v, u]
                for v, u in around
            ]
            if not all(inside):
                out[y, x] = (255, 0, 0)
    return out.astype(float)


def letterboxed(picture: Floats, mask: Floats, prompts: Sequence[str], side: int) -> Floats:
    """Float [side, side, 3]: our style, drawn where the picture is shown."""
    style = PromptStyle()
    height, width = mask.shape
    rows, columns = (max(1, round(side * n / max(height, width))) for n in (height, width))
    small = resize(picture / 255.0, (rows, columns), True)
    soft = resize(mask.astype(float), (rows, columns), True)
    down, across = rows / height, columns / width
    short = min(height, width)
    out = small
    if mask.any():
        outside = small
        if "blur" in prompts:
            for axis, sigma in enumerate(
                (style.blur * short * down, style.blur * short * across)
            ):
                if sigma >= 0.1:
                    reach = max(1, int(3 * sigma + 0.5))
                    outside = ndimage.gaussian_filter1d(
                        outside, sigma, axis, mode="mirror", radius=reach
                    )
        if "gray" in prompts:
            luma = outside @ np.array([0.299, 0.587, 0.114])
            outside = np.repeat(luma[..., None], 3, -1)
        if "black" in prompts:
            outside = np.zeros_like(small)
        out = outside + soft[..., None] * (small - outside)
        line = max(1.0, style.line * short * np.sqrt(down * across))
        ys, xs = np.nonzero(mask)
        x0, x1 = xs.min() * across, (xs.max() + 1) * across
        y0, y1 = ys.min() * down, (ys.max() + 1) * down
        if "circle" in prompts:
            half_x, half_y = (x1 - x0 + line) / 2, (y1 - y0 + line) / 2
            for y in range(rows):
                for x in range(columns):
                    u = (x + 0.5 - (x0 + x1) / 2) / half_x
                    v = (y + 0.5 - (y0 + y1) / 2) / half_y
                    radius = np.hypot(u, v)
                    slope = max(np.hypot(u / half_x, v / half_y), 1e-6)
                    gap = radius * abs(radius - 1) / slope
                    cover = min(max(line / 2 + 0.5 - gap, 0), min(1.0, line))
                    out[y, x] += cover * (np.array([1.0, 0, 0]) - out[y, x])
    square = np.tile(np.array(MEAN_COLOUR), (side, side, 1))
    top, left = (side - rows) // 2, (side - columns) // 2
    square[top : top + rows, left : left + columns] = np.clip(out, 0, 1)
    return square
