"""Proposals and candidates the slow way: one cell at a time, plain loops, float64."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cell_probabilities(
    queries: Floats, rivals: Floats, opposes: NDArray[np.bool_], compete: bool
) -> Floats:
    """[N, h, w]: e^q over the sum of e^q and of e^ of everything that opposes q."""
    count, height, width = queries.shape
    out = np.zeros(queries.shape)
    for query in range(count):
        for y in range(height):
            for x in range(width):
                own = math.exp(queries[query, y, x])
                total = own
                for rival in range(len(rivals)):
                    if opposes[query, rival]:
                        total += math.exp(rivals[rival, y, x])
                for other in range(count):
                    if compete and other != query:
                        total += math.exp(queries[other, y, x])
                out[query, y, x] = own / total
    return out


def soft_iou(masks: Floats, maps: Floats) -> Floats:
    """[Q, M]: sum of the smaller over sum of the larger value of each cell, 0 if all are 0."""
    count, offers, height, width = masks.shape
    out = np.zeros((count, offers))
    for query in range(count):
        for offer in range(offers):
            both = either = 0.0
            for y in range(height):
                for x in range(width):
                    pair = masks[query, offer, y, x], maps[query, y, x]
                    both += min(pair)
                    either += max(pair)
            out[query, offer] = both / either if either else 0.0
    return out


def peaks(values: Floats, count: int, distance: int, floor: float) -> list[tuple[int, int]]:
    """Cells of one map, strongest first, none in the square of one already taken."""
    height, width = values.shape
    cells = [(y, x) for y in range(height) for x in range(width)]
    cells.sort(key=lambda cell: -values[cell])
    taken: list[tuple[int, int]] = []
    for y, x in cells:
        near = any(max(abs(y - v), abs(x - u)) <= distance for v, u in taken)
        strong = values[y, x] > 0 and values[y, x] >= floor * values.max()
        if strong and not near and len(taken) < count:
            taken.append((y, x))
    return taken


def label_map(masks: NDArray[np.bool_], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """[H, W]: per pixel the best-scored mask that covers it, the first of equals, from 1."""
    out = np.zeros(masks.shape[1:], np.int64)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            best = -1
            for query in range(len(masks)):
                if masks[query, y, x] and (best < 0 or scores[query] > scores[best]):
                    best = query
            out[y, x] = best + 1
    return out


def box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """x, y, width, height of the pixels of one mask."""
    pixels = [(y, x) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]
    if not pixels:
        return 0, 0, 0, 0
    ys, xs = [p[0] for p in pixels], [p[1] for p in pixels]
    return min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1
