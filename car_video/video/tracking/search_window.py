"""The part of a frame that its tracks are in, which is all that SAM sees between keyframes.

The same number of pixels shows a part of the picture finer than the whole of it. Measured on
ref-davis-dev with language on every fourth frame, before there were windows: J&F 0.791 with the
whole frame at a longest side of 512 pixels, 0.846 at 1024. With windows: docs/video.md.

Pictures for SAM come in few shapes. Networks and allocators keep memory for every shape that
they have seen (measured: 300 random ones left 275 MB behind), and MobileSAM attends within
blocks of 224 pixels, which it fills up (2 cores: 288 x 512 pixels take 69 ms, 336 x 448 take
61).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

MARGIN = 0.25  # of the extent of the tracks, added on every side
LEAST = 0.25  # of the longest side of the grid: how far a window reaches at least
LEAK = 0.25  # of the cells along a window's border: a mask that holds more goes beyond it
UNIT = 112  # sides of what SAM sees are multiples of it: half the blocks that it attends in
ENOUGH = 0.9  # of the best scale that is to be had, to choose the cheapest shape from there on


@dataclass(frozen=True)
class Window:
    """A rectangle of whole cells.

    Attributes:
        rows: first and the one after the last.
        columns: the same.
        grid: (a, b) of all cells.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    grid: tuple[int, int]

    def on(self, size: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of pixels of a picture of this size (H, W)."""
        return (
            _span(self.rows, size[0] / self.grid[0], size[0]),
            _span(self.columns, size[1] / self.grid[1], size[1]),
        )

    def extent(self, size: tuple[int, int]) -> tuple[int, int]:
        """Its (H, W) in pixels of a picture of this size (H, W)."""
        rows, columns = self.on(size)
        return rows.stop - rows.start, columns.stop - columns.start


def around(masks: Tensor) -> Window:
    """The window of non-empty masks, bool [P, a, b], with a margin."""
    rows, columns = int(masks.shape[-2]), int(masks.shape[-1])
    least = LEAST * max(rows, columns)
    held = masks.any(0).cpu().numpy()  # one wait for the device
    spans = [
        _grown(np.flatnonzero(held.any(axis)), cells, least)
        for axis, cells in ((1, rows), (0, columns))
    ]
    return Window(spans[0], spans[1], (rows, columns))


def shape_for(
    window: tuple[int, int], frame: tuple[int, int], side: int, finest: int
) -> tuple[int, int]:
    """The size of the picture that SAM sees of a window, one of few.

    Args:
        window: its (H, W) in pixels.
        frame: (H, W) of the frame.
        side: longest side that the whole frame would be shown at; a part is shown with about
            as many pixels at most.
        finest: longest side of the frame that would show as much detail as is of use.

    Returns:
        (H, W), multiples of :data:`UNIT`: the cheapest that shows the window almost as fine as
        the best.
    """
    units = round(side**2 * min(frame) / max(frame) / UNIT**2)
    shapes = _shapes(max(1, units))
    scales = [min(shape[0] / window[0], shape[1] / window[1]) for shape in shapes]
    wanted = ENOUGH * min(max(scales), finest / max(frame))
    fine = [shape for shape, scale in zip(shapes, scales, strict=True) if scale >= wanted]
    return min(fine, key=lambda shape: (shape[0] * shape[1], shape))


def fitted(window: Window, frame: tuple[int, int], shape: tuple[int, int]) -> Window:
    """The window with as much around it as fits into a picture of this shape (H, W)."""
    height, width = window.extent(frame)
    scale = min(shape[0] / height, shape[1] / width)
    spans = [
        _widened(span, cells, math.floor(side / scale * cells / pixels))
        for span, cells, side, pixels in zip(
            (window.rows, window.columns), window.grid, shape, frame, strict=True
        )
    ]
    return Window(spans[0], spans[1], window.grid)


def leaks(logits: Tensor, window: Window) -> Tensor:
    """Which masks [P, M, a', b'] of a window go on beyond it: bool [P, M].

    Such a mask is of what is around the object: it has gone. Where a window ends with the
    picture nothing can go on.
    """
    inside = logits > 0
    (top, bottom), (left, right) = window.rows, window.columns
    edges = [
        edge
        for edge, beyond in (
            (inside[..., 0, :], top > 0),
            (inside[..., -1, :], bottom < window.grid[0]),
            (inside[..., 0], left > 0),
            (inside[..., -1], right < window.grid[1]),
        )
        if beyond
    ]
    if not edges:
        return torch.zeros(logits.shape[:2], dtype=torch.bool, device=logits.device)
    return torch.cat(edges, -1).float().mean(-1) > LEAK


def placed(logits: Tensor, window: Window, outside: float) -> Tensor:
    """Logits [P, M, a', b'] of a window on the whole grid: [P, M, a, b]."""
    size = (window.rows[1] - window.rows[0], window.columns[1] - window.columns[0])
    if logits.shape[-2:] != size:
        shrinks = logits.shape[-2] > size[0] or logits.shape[-1] > size[1]
        logits = F.interpolate(
            logits, size, mode="bilinear", align_corners=False, antialias=shrinks
        )
    whole = logits.new_full((*logits.shape[:2], *window.grid), outside)
    whole[..., slice(*window.rows), slice(*window.columns)] = logits
    return whole


def _grown(held: NDArray[np.int64], cells: int, least: float) -> tuple[int, int]:
    first, last = int(held[0]), int(held[-1]) + 1
    extent = max(last - first, 1)
    more = max(MARGIN * extent, (least - extent) / 2)
    return max(0, math.floor(first - more)), min(cells, math.ceil(last + more))


def _widened(span: tuple[int, int], cells: int, length: int) -> tuple[int, int]:
    """As many cells as wanted, if there are so many, with the old ones in their middle."""
    length = min(cells, max(length, span[1] - span[0]))
    first = min(max(0, (span[0] + span[1] - length) // 2), cells - length)
    return first, first + length


@lru_cache(maxsize=64)
def _shapes(most: int) -> tuple[tuple[int, int], ...]:
    """All pictures of so many squares of the unit, or fewer."""
    return tuple(
        (UNIT * rows, UNIT * columns)
        for rows in range(1, most + 1)
        for columns in range(1, most // rows + 1)
    )


def _span(cells: tuple[int, int], scale: float, pixels: int) -> slice:
    first = min(pixels - 1, round(cells[0] * scale))
    return slice(first, max(first + 1, round(cells[1] * scale)))
