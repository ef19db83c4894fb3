"""Visual prompts one mask at a time, in numpy, scipy and (for the reference) OpenCV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

ORDER = ("blur", "reverse_blur", "gray", "black", "circle", "rectangle", "contour")


def with_opencv(image: np.ndarray, mask: np.ndarray, prompts: Sequence[str]) -> np.ndarray:
    """The released code's prompts (docs/method.md): uint8 [H, W, 3], bool [H, W] -> uint8."""
    import cv2

    picture = image.copy()
    outside = ~mask[..., None]
    red = (255, 0, 0)
    rows, columns = np.nonzero(mask)
    center = int(columns.mean()), int(rows.mean())
    width, height = columns.max() - columns.min() + 1, rows.max() - rows.min() + 1
    half = int(width // 2), int(height // 2)
    if "blur" in prompts:
        picture = np.where(outside, cv2.GaussianBlur(picture, (15, 15), 0), picture)
    if "gray" in prompts:
        gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[..., None]
        picture = np.where(outside, gray, picture)
    if "black" in prompts:
        picture = np.where(outside, 0, picture)
    picture = np.ascontiguousarray(picture, np.uint8)
    if "circle" in prompts:
        cv2.ellipse(picture, center, half, 0, 0, 360, red, 1)
    if "rectangle" in prompts:
        corner = (center[0] - half[0], center[1] - half[1])
        opposite = (center[0] + half[0], center[1] + half[1])
        cv2.rectangle(picture, corner, opposite, red, 1)
    if "contour" in prompts:
        filled = ndimage.binary_fill_holes(mask).astype(np.uint8)
        found, _ = cv2.findContours(filled, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(picture, found, -1, red, 1)
    return picture


def fixed_blur(image: np.ndarray) -> np.ndarray:
    """15 taps in 1/256, borders mirrored, rounded once at the end: uint8 [H, W, 3]."""
    taps = [1, 3, 6, 12, 20, 30, 36, 40, 36, 30, 20, 12, 6, 3, 1]
    height, width = image.shape[:2]

    def mirror(i: int, size: int) -> int:
        while not 0 <= i < size:
            i = 0 if size == 1 else (-i if i < 0 else 2 * (size - 1) - i)
        return i

    result = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            total = np.zeros(3, np.int64)
            for i, down in enumerate(taps):
                row = image[mirror(y + i - 7, height)].astype(np.int64)
                for j, across in enumerate(taps):
                    total += down * across * row[mirror(x + j - 7, width)]
            result[y, x] = (total + 32768) // 65536
    return result


def styled(
    image: np.ndarray,
    mask: np.ndarray,
    prompts: Sequence[str],
    blur: float,
    strong_blur: float,
    line: float,
) -> np.ndarray:
    """The default style: float [H, W, 3] in [0, 1], sizes in pixels."""
    if not mask.any():
        return image
    outside = image
    for prompt in ORDER[:4]:
        if prompt not in prompts:
            continue
        if prompt in ("blur", "reverse_blur"):
            sigma = blur if prompt == "blur" else strong_blur
            outside = ndimage.gaussian_filter(
                outside, (sigma, sigma, 0), mode="mirror", truncate=3.0
            )
        elif prompt == "gray":
            luma = outside @ np.array([0.299, 0.587, 0.114])
            outside = np.repeat(luma[..., None], 3, -1)
        else:
            outside = np.zeros_like(image)
    picture = np.where(mask[..., None], image, outside)
    for prompt in ORDER[4:]:
        if prompt in prompts:
            cover = line_cover(mask, prompt, line)[..., None]
            picture = picture * (1 - cover) + cover * np.array([1.0, 0.0, 0.0])
    return picture


def line_cover(mask: np.ndarray, prompt: str, line: float) -> np.ndarray:
    """Coverage [H, W] of a line whose inner edge is the shape: distance to sampled points."""
    height, width = mask.shape
    if prompt == "contour":
        reach = max(1, round(line))
        wide = ndimage.binary_dilation(mask, np.ones((2 * reach + 1,) * 2))
        return (wide & ~mask).astype(float)
    rows, columns = np.nonzero(mask)
    left, right = columns.min(), columns.max() + 1
    top, bottom = rows.min(), rows.max() + 1
    half_x, half_y = (right - left + line) / 2, (bottom - top + line) / 2
    if prompt == "circle":
        angle = np.linspace(0, 2 * np.pi, 4000)
        points = np.stack([half_x * np.cos(angle), half_y * np.sin(angle)])
    else:
        t = np.linspace(-1, 1, 1000)
        one = np.ones_like(t)
        points = np.concatenate(
            [np.stack([half_x * t, half_y * one * sign]) for sign in (-1, 1)]
            + [np.stack([half_x * one * sign, half_y * t]) for sign in (-1, 1)],
            1,
        )
    points = points + np.array([[(left + right) / 2], [(top + bottom) / 2]])
    cover = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            across, down = np.abs(points[0] - x - 0.5), np.abs(points[1] - y - 0.5)
            # Corners of the frame are square: the distance is the larger of the two.
            gaps = np.maximum(across, down) if prompt == "rectangle" else np.hypot(across, down)
            gap = gaps.min()
            cover[y, x] = np.clip(line / 2 + 0.5 - gap, 0, 1)
    return cover
