"""Masks for the tests of the metrics: blobs that move, hide, swap and touch the border.

Everything comes from the seed and integer arithmetic, so that every platform gets the same
pixels and the golden numbers hold.
"""

from __future__ import annotations

import numpy as np


def label_maps(seed: int, frames: int, height: int, width: int, objects: int) -> np.ndarray:
    """uint8 [T, H, W]: ellipses with ids 1 … objects that drift, grow and disappear."""
    rng = np.random.RandomState(seed)  # a stream that numpy promises to keep
    rows, columns = np.mgrid[:height, :width]
    maps = np.zeros((frames, height, width), np.uint8)
    for number in range(1, objects + 1):
        y, x = rng.randint(0, height), rng.randint(0, width)
        dy, dx = rng.randint(-3, 4), rng.randint(-4, 5)
        a, b = rng.randint(3, max(4, height // 3)), rng.randint(3, max(4, width // 3))
        absent = set(rng.randint(1, frames, size=frames // 5).tolist()) if frames > 1 else ()
        for t in range(frames):
            if t in absent:
                continue
            inside = ((rows - y - t * dy) * b) ** 2 + ((columns - x - t * dx) * a) ** 2
            maps[t][inside <= (a * b) ** 2] = number
    return maps


def perturbed(maps: np.ndarray, seed: int, extra: int = 0) -> np.ndarray:
    """A flawed prediction: shifts, dropped frames, swapped ids, noise, new blobs."""
    rng = np.random.RandomState(seed)
    frames, height, width = maps.shape
    result = maps.copy()
    objects = int(maps.max())
    for t in range(frames):
        shift = rng.randint(-6, 7, size=2)
        result[t] = np.roll(result[t], shift, axis=(0, 1))
        kind = rng.randint(0, 6)
        if kind == 0:
            result[t] = 0
        elif kind == 1 and objects > 1:
            one, two = result[t] == 1, result[t] == 2
            result[t][one], result[t][two] = 2, 1
        elif kind == 2:
            holes = rng.randint(0, 8, size=(height, width)) == 0
            result[t][holes] = 0
        for number in range(objects + 1, objects + extra + 1):
            y, x = rng.randint(0, height - 1), rng.randint(0, width - 1)
            result[t][y : y + height // 4, x : x + width // 4] = number
    return result


def with_void(maps: np.ndarray, seed: int) -> np.ndarray:
    """The maps with a void (255) rectangle in every frame but the first."""
    rng = np.random.RandomState(seed)
    frames, height, width = maps.shape
    result = maps.copy()
    for t in range(1, frames):
        y, x = rng.randint(0, height - 1), rng.randint(0, width - 1)
        result[t, y : y + height // 5, x : x + width // 5] = 255
    return result
