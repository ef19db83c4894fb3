"""Class-aware affinity the slow way: explicit matrices and loops, one map at a time."""

from __future__ import annotations

import numpy as np


def walk(attention: np.ndarray, rounds: int = 3) -> np.ndarray:
    """Doubly normalised, symmetrised [n, n]."""
    matrix = attention.astype(np.float64).copy()
    n = len(matrix)
    for _ in range(rounds):
        for column in range(n):
            matrix[:, column] /= matrix[:, column].sum()
        for row in range(n):
            matrix[row] /= matrix[row].sum()
    return (matrix + matrix.T) / 2


def regions(mask: np.ndarray) -> list[tuple[int, int, int, int]]:
    """x0, y0, x1, y1 (last included) of the 8-connected regions, by flood fill."""
    todo = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    boxes = []
    while todo:
        region, edge = [], [todo.pop()]
        while edge:
            y, x = edge.pop()
            region.append((y, x))
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    near = (y + dy, x + dx)
                    if near in todo:
                        todo.remove(near)
                        edge.append(near)
        ys, xs = [p[0] for p in region], [p[1] for p in region]
        boxes.append((min(xs), min(ys), max(xs), max(ys)))
    return boxes


def box_mask(cam: np.ndarray, threshold: float, reference_border: bool) -> np.ndarray:
    """0/1 mask [h, w]: boxes around what is above the threshold, lowered until something is."""
    grey = np.trunc(255 * cam).astype(np.int64)
    height, width = cam.shape
    mask = np.zeros((height, width))
    boxes: list[tuple[int, int, int, int]] = []
    if grey.max() > 0:
        while not boxes:
            boxes = regions(grey > int(threshold * grey.max()))
            if threshold <= 0:
                break
            threshold -= 0.1
    for x0, y0, x1, y1 in boxes:
        stop_x, stop_y = x1 + 1, y1 + 1
        if reference_border:
            stop_x, stop_y = min(stop_x, width - 1), min(stop_y, height - 1)
        mask[y0:stop_y, x0:stop_x] = 1
    return mask


def likeness(cells: np.ndarray, temperature: float) -> np.ndarray:
    """[C, h, w] -> [n, n]: softmax over the cosines of cells less their mean."""
    flat = cells.reshape(len(cells), -1).T.astype(np.float64)
    flat = flat - flat.mean(0)
    n = len(flat)
    matrix = np.zeros((n, n))
    for a in range(n):
        cosines = flat @ flat[a] / (np.linalg.norm(flat, axis=1) * np.linalg.norm(flat[a]))
        powers = np.exp((cosines - cosines.max()) / temperature)
        matrix[a] = powers / powers.sum()
    return matrix


def spread(
    transition: np.ndarray,
    cam: np.ndarray,
    threshold: float,
    reference_border: bool,
    steps: int = 2,
) -> np.ndarray:
    """One map [h, w] through R = S S (or more steps) restricted to its boxes."""
    matrix = np.linalg.matrix_power(transition, steps)
    matrix = matrix * box_mask(cam, threshold, reference_border).reshape(1, -1)
    return (matrix @ cam.reshape(-1).astype(np.float64)).reshape(cam.shape)


def refine(
    attention: np.ndarray, cam: np.ndarray, threshold: float, reference_border: bool
) -> np.ndarray:
    """As :func:`spread` from an attention, scaled to [0, 1]."""
    out = spread(walk(attention), cam, threshold, reference_border)
    out -= out.min()
    return out / out.max() if out.max() > 0 else out
