"""Where a map ends, the slow way: every parting and every threshold one by one."""

from __future__ import annotations

import math

import numpy as np


def otsu(cells: list[float]) -> float:
    """The parting of the cells with the least variance within its two classes."""
    values = sorted(cells)
    best, found = math.inf, values[0]
    for count in range(1, len(values)):
        if values[count] == values[count - 1]:
            continue
        classes = values[:count], values[count:]
        within = sum(len(part) * float(np.var(part)) for part in classes)
        if within < best - 1e-12:
            best, found = within, (values[count - 1] + values[count]) / 2
    return found


def per_map(
    cells: np.ndarray, pixels: np.ndarray, threshold: float
) -> tuple[float, np.ndarray]:
    """The threshold of one map, and what each that was tried costs.

    Args:
        cells: [h, w] the map as proposed.
        pixels: [H, W] the same, enlarged.
        threshold: common to all maps.
    """
    usual = 0.5 * otsu(cells.flatten().tolist()) + 0.5 * min(threshold + 0.1, 1.0)
    tried = [0.15 + 0.05 * number for number in range(15)]
    areas, empty = [], []
    for value in tried:
        inside = sum(1 for pixel in pixels.flatten().tolist() if pixel > value)
        areas.append(math.log(max(inside, 1e-4 * pixels.size)))
        empty.append(inside < 1e-4 * pixels.size)
    costs = []
    for number, value in enumerate(tried):
        before, after = max(number - 1, 0), min(number + 1, len(tried) - 1)
        growth = abs(areas[after] - areas[before]) / (0.05 * (after - before))
        costs.append(math.inf if empty[number] else growth + 60.0 * (value - usual) ** 2)
    return tried[int(np.argmin(costs))], np.array(costs)
