"""Motion: smooth paths, a slight wobble, a hand-held or shaking camera; pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

Matrix = NDArray[np.float64]
"""float64 [3, 3]: where a point (x, y, 1) goes."""


def shift(x: float, y: float) -> Matrix:
    """Move by (x, y)."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def turn(degrees: float, scale: float = 1.0) -> Matrix:
    """Rotate about the origin (clockwise on screen) and scale."""
    c = scale * np.cos(np.radians(degrees))
    s = scale * np.sin(np.radians(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def path_points(
    points: Sequence[tuple[float, float, float]], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """float64 [N, 2] of (x, y) at times, on a smooth path that never overshoots its points.

    Args:
        points: (time, x, y) with rising times; before the first and after the last it rests.
        times: float64 [N].
    """
    known = np.array(points, np.float64)
    if len(known) == 1:
        return np.repeat(known[:, 1:], len(times), 0)
    inside = np.clip(times, known[0, 0], known[-1, 0])
    return PchipInterpolator(known[:, 0], known[:, 1:])(inside)


def wobble(time: float, phase: float) -> tuple[float, float, float]:
    """Degrees, bob in pixels and scale of something that walks; a period is 14 to 40 frames."""
    degrees = 1.2 * np.sin(2 * np.pi * time / 22 + phase)
    bob = 1.5 * np.sin(2 * np.pi * time / 14 + 2 * phase)
    return degrees, bob, 1 + 0.025 * np.sin(2 * np.pi * time / 40 + 3 * phase)


def camera(
    count: int, size: tuple[int, int], shake: bool, random: np.random.Generator
) -> NDArray[np.float64]:
    """float64 [count, 3, 3]: the camera's matrix per frame, about the middle of the picture.

    A held camera drifts by 3 pixels; a shaking one jumps by up to 15 pixels and 1.5 degrees.
    The picture is enlarged so far that its border never shows.
    """
    width, height = size
    reach, degrees, enlarge, sigma = (15.0, 1.5, 1.16, 0.7) if shake else (3.0, 0.1, 1.03, 9.0)
    noise = ndimage.gaussian_filter1d(random.standard_normal((count, 3)), sigma, axis=0)
    noise /= np.abs(noise).max(0)
    middle, back = shift(width / 2, height / 2), shift(-width / 2, -height / 2)
    return np.stack(
        [
            middle @ shift(reach * x, reach * y) @ turn(degrees * angle, enlarge) @ back
            for x, y, angle in noise
        ]
    )
