"""Masks as polygons, without loss: no point is moved or left out that changes a pixel.

OpenCV would be 60 MB for what follows; its contours know one of the two conventions below and
leave the holes to the caller.

Tools differ in what a point is. To a program that draws geometry, such as CVAT, it is a place
in the plane, and a pixel is a square with four corners: :func:`outline` gives corners. To
OpenCV, and so to what reads YOLO's files, it is a pixel, and the border belongs to the polygon:
:func:`border_pixels` gives pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Path = NDArray[np.int64]
"""int64 [N, 2]: x and y of the points of a closed line; the first one is not repeated."""

_RIGHT = {(1, 0): (0, 1), (0, 1): (-1, 0), (-1, 0): (0, -1), (0, -1): (1, 0)}
_INSIDE = {(1, 0): (0, 0), (-1, 0): (-1, -1), (0, -1): (0, -1), (0, 1): (-1, 0)}
"""From the start of a unit step to the pixel on its right."""


def outline(mask: NDArray[np.bool_]) -> Path:
    """One polygon along the corners of pixels whose inside is the mask.

    Parts and holes hang together by lines that are walked to and fro and have no area.

    Args:
        mask: bool [H, W], not empty.

    Returns:
        corners from (0, 0) to (W, H).
    """
    return _straightened(_joined([_straightened(ring) for ring in rings(mask)]))


def border_pixels(mask: NDArray[np.bool_]) -> Path:
    """One polygon through the border pixels of the mask.

    Parts and holes hang together by lines as in :func:`outline`; drawn with OpenCV, whose lines
    are one pixel wide, those between parts are seen.

    Args:
        mask: bool [H, W], not empty.

    Returns:
        pixels from (0, 0) to (W - 1, H - 1).
    """
    pixels = []
    for ring in rings(mask):
        steps = np.roll(ring, -1, axis=0) - ring
        found = ring + [_INSIDE[tuple(step)] for step in steps.tolist()]
        new = (found != np.roll(found, 1, axis=0)).any(axis=1)
        pixels.append((found[new] if new.any() else found[:1]).astype(np.int64))
    return _straightened(_joined(pixels))


def rings(mask: NDArray[np.bool_]) -> list[Path]:
    """The borders of a mask, along the corners of pixels, in steps of one pixel.

    The mask is on the right. Pixels that touch at a corner only are on different rings.
    """
    around = np.pad(mask, 1).astype(np.int8)
    rows = around[1:, 1:-1] - around[:-1, 1:-1]  # 1: the mask begins below this edge
    columns = around[1:-1, 1:] - around[1:-1, :-1]  # 1: it begins right of it
    steps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for edges, sign, shift, step in (
        (rows, 1, (0, 0), (1, 0)),
        (rows, -1, (1, 0), (-1, 0)),
        (columns, 1, (0, 1), (0, -1)),
        (columns, -1, (0, 0), (0, 1)),
    ):
        for y, x in np.argwhere(edges == sign).tolist():
            steps.setdefault((x + shift[0], y + shift[1]), []).append(step)
    found = []
    while steps:
        start = next(iter(steps))
        ring: list[tuple[int, int]] = []
        here, last = start, steps[start][0]
        while True:
            ways = steps[here]
            turn = _RIGHT[last]
            last = turn if len(ways) > 1 and turn in ways and ring else ways[0]
            ways.remove(last)
            if not ways:
                del steps[here]
            ring.append(here)
            here = (here[0] + last[0], here[1] + last[1])
            if here == start:
                break
        found.append(np.array(ring, np.int64))
    return found


def _straightened(ring: Path) -> Path:
    """Without points in the middle of a straight line, nor the same one twice in a row."""
    moved = (ring != np.roll(ring, 1, axis=0)).any(axis=1)
    ring = ring[moved] if moved.any() else ring[:1]
    before: Path = ring - np.roll(ring, 1, axis=0)
    after: Path = np.roll(ring, -1, axis=0) - ring
    crossed: Path = before[:, 0] * after[:, 1]
    crossed -= before[:, 1] * after[:, 0]
    back = (before * after).sum(axis=1) < 0
    kept = ring[(crossed != 0) | back]
    return kept if len(kept) else ring


def _joined(parts: Sequence[Path]) -> Path:
    """All rings in one, each tied to the nearest point of those before it."""
    rest = sorted(parts, key=len)
    path = rest.pop()
    while rest:
        tree = cKDTree(path)
        near = [tree.query(part) for part in rest]
        number = min(range(len(rest)), key=lambda n: float(near[n][0].min()))
        part, (distances, places) = rest.pop(number), near[number]
        there = int(distances.argmin())
        here = int(places[there])
        loop = np.concatenate([part[there:], part[: there + 1]])
        path = np.concatenate([path[: here + 1], loop, path[here:]])
    return path
