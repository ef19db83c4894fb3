"""Masks of large pictures along edges that only the full resolution shows (``roi: auto``).

SAM's masks have :data:`CELLS` cells along the longest side of a picture, 15 pixels of 4K each,
and every stage works on 1920 pixels at most. Here the borders of finished masks are drawn anew
at the size of the picture, by the guided filter of
:mod:`~car_video.segment.refinement.guided_filter` from cells to pixels, in a window around each
mask. The pixels themselves are read in blocks that the border runs through, so cost and memory
go with its length.

Pixels change near the border only, and a mask stays as it is where the new one is of something
else: which object it is has been decided.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from car_video.models.sam.base import TRAINED_SIDE
from car_video.segment.refinement.guided_filter import GuidedUpsampler

CELLS = TRAINED_SIDE // 4
"""Cells of SAM's masks along the longest side of a picture."""
RADIUS = 2
"""Of the filter's windows, in cells."""
EPSILON = 1e-4
"""Variance of colours in [0, 1] below which a window counts as flat."""
REACH = 1
"""Cells from the border of a mask in which pixels may change."""
BLOCK = 8
"""Cells a side of the blocks in which pixels are read."""
AT_ONCE = 2**20
"""Pixels of blocks at once: with what is computed of them about 50 MB."""
SAME_IOU = 0.7
"""Least IoU of a mask and its new form; below it the mask stays. The filter makes things of few
cells smaller than they are."""

_MARGIN = REACH + 2 * RADIUS + 1  # cells that what happens within REACH depends on

Box = tuple[slice, slice]


def cell_pixels(height: int, width: int) -> int:
    """Pixels of a picture that a cell of SAM's masks is wide, rounded up.

    0 where the picture is not larger than what SAM sees: then there is nothing to gain.
    """
    longest = max(height, width)
    return 0 if longest <= TRAINED_SIDE else math.ceil(longest / CELLS)


def sharpened(
    masks: NDArray[np.bool_], image: NDArray[np.uint8], cell: int | None = None
) -> NDArray[np.bool_]:
    """Masks whose borders follow the edges of the picture.

    Args:
        masks: bool [K, H, W].
        image: uint8 [H, W, 3].
        cell: how many pixels wide the cells are that the masks come from; by default
            :func:`cell_pixels` of the picture.

    Returns:
        bool [K, H, W]; masks that shared no pixel share none, and none is empty that was not.
        The given array itself where the picture is too small.
    """
    if cell is None:
        cell = cell_pixels(int(image.shape[0]), int(image.shape[1]))
    if not cell:
        return masks
    drawn = masks.copy()
    boxes: list[Box | None] = []
    for mask, new in zip(masks, drawn, strict=True):
        box = _window(mask, cell)
        boxes.append(box)
        if box is not None:
            new[box] = _redrawn(mask[box], image[box], cell)
    _set_apart(masks, drawn, boxes)
    return drawn


def _redrawn(mask: NDArray[np.bool_], image: NDArray[np.uint8], cell: int) -> NDArray[np.bool_]:
    """One mask bool [H, W] in its window; its own pixels are whole cells from the first on."""
    part = _in_cells(mask.astype(np.uint8) * 255, cell)[0]
    guide = _in_cells(image, cell)
    models = GuidedUpsampler(guide[None], guide[None], RADIUS, EPSILON).model(part[None])[0]
    near = _near(part)
    drawn = mask.copy()
    for places in _blocks(near, cell):
        values = _values(models, image, places, cell)
        for place, value in zip(places, values, strict=True):
            target = drawn[place]
            rows, columns = target.shape
            cells = tuple(slice(one.start // cell, one.stop // cell) for one in place)
            changes = near[cells].repeat(cell, 0).repeat(cell, 1)[:rows, :columns]
            target[changes] = value[:rows, :columns][changes] > 0.5
    shared = np.count_nonzero(mask & drawn)
    if shared < SAME_IOU * np.count_nonzero(mask | drawn):
        return mask
    return _without_specks(drawn, mask, cell * cell)


def _without_specks(
    drawn: NDArray[np.bool_], mask: NDArray[np.bool_], least: int
) -> NDArray[np.bool_]:
    """The new mask without parts and holes of fewer pixels that the old one does not touch.

    What is written on a thing has edges, too. Only pixels that have changed are looked at: they
    are few, and a part of others is no speck.
    """
    flat, width = drawn.ravel().copy(), mask.shape[1]
    changed = np.flatnonzero(flat != mask.ravel())
    if not len(changed):
        return drawn
    added, column = flat[changed], changed % width
    links, held = [], np.zeros(len(changed), bool)
    for step, inside in (
        (1, column < width - 1),
        (-1, column > 0),
        (width, changed < flat.size - width),
        (-width, changed >= width),
    ):
        one = np.flatnonzero(inside)
        one = one[flat[changed[one] + step] == added[one]]
        other = np.searchsorted(changed, changed[one] + step).clip(max=len(changed) - 1)
        both = changed[other] == changed[one] + step
        held[one[~both]] = True
        links.append((one[both], other[both]))
    pairs = tuple(np.concatenate(ends) for ends in zip(*links, strict=True))
    graph = coo_array((np.ones(len(pairs[0]), bool), pairs), shape=(len(changed),) * 2)
    count, part = connected_components(graph, directed=False)
    speck = np.bincount(part, minlength=count) < least
    speck[part[held]] = False
    flat[changed] ^= speck[part]
    return flat.reshape(mask.shape)


def _values(
    models: Tensor, image: NDArray[np.uint8], places: list[Box], cell: int
) -> NDArray[np.float32]:
    """The filtered map in some blocks: float32 [B, h, w], zero-padded at the picture's end."""
    size = BLOCK * cell
    pixels = np.zeros((len(places), size, size, 3), np.uint8)
    around = F.pad(models[None], (1, 1 + BLOCK, 1, 1 + BLOCK), mode="replicate")[0]
    parts = []
    for held, place in zip(pixels, places, strict=True):
        own = image[place]
        held[: own.shape[0], : own.shape[1]] = own
        y, x = (one.start // cell for one in place)
        parts.append(around[:, y : y + BLOCK + 2, x : x + BLOCK + 2])
    large = F.interpolate(
        torch.stack(parts), scale_factor=float(cell), mode="bilinear", align_corners=False
    )[..., cell:-cell, cell:-cell]
    colours = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    found: NDArray[np.float32] = ((large[:, :3] * colours).sum(1) + large[:, 3]).numpy()
    return found


def _window(mask: NDArray[np.bool_], cell: int) -> Box | None:
    """The part of a picture, from whole cells on, that redrawing a mask depends on."""
    spans = []
    for axis in (1, 0):
        held = np.flatnonzero(mask.any(axis))
        if not len(held):
            return None
        first = max(0, held[0] // cell - _MARGIN) * cell
        spans.append(
            slice(first, min(mask.shape[1 - axis], (held[-1] // cell + 1 + _MARGIN) * cell))
        )
    return spans[0], spans[1]


def _in_cells(pixels: NDArray[np.uint8], cell: int) -> Tensor:
    """uint8 [H, W] or [H, W, 3] -> float32 [1 or 3, h, w] in [0, 1], means of cells."""
    small = np.asarray(Image.fromarray(pixels).reduce(cell), np.float32) / 255
    return torch.from_numpy(small.reshape(*small.shape[:2], -1)).permute(2, 0, 1)


def _near(part: Tensor) -> NDArray[np.bool_]:
    """Cells bool [h, w] within reach of others, of which a mask holds another part."""
    size = 2 * REACH + 1
    most = F.max_pool2d(part[None], size, 1, REACH)[0]
    least = -F.max_pool2d(-part[None], size, 1, REACH)[0]
    near: NDArray[np.bool_] = (most > least).numpy()
    return near


def _blocks(near: NDArray[np.bool_], cell: int) -> Iterator[list[Box]]:
    """The blocks, in pixels, that hold any of these cells; a bounded number at once."""
    size = BLOCK * cell
    held = [
        (slice(y * cell, y * cell + size), slice(x * cell, x * cell + size))
        for y in range(0, near.shape[0], BLOCK)
        for x in range(0, near.shape[1], BLOCK)
        if near[y : y + BLOCK, x : x + BLOCK].any()
    ]
    step = max(1, AT_ONCE // size**2)
    for start in range(0, len(held), step):
        yield held[start : start + step]


def _set_apart(
    masks: NDArray[np.bool_], drawn: NDArray[np.bool_], boxes: list[Box | None]
) -> None:
    """Take back pixels that a mask has gained and another holds, where they shared none."""
    for one, own in enumerate(boxes):
        for other in range(one):
            box = _shared(own, boxes[other])
            if box is None:
                continue
            both = drawn[one][box] & drawn[other][box]
            if not both.any() or (masks[one][box] & masks[other][box]).any():
                continue
            had = masks[one][box]
            drawn[other][box] &= ~(both & had)
            drawn[one][box] &= ~(both & ~had)


def _shared(one: Box | None, other: Box | None) -> Box | None:
    """Where two windows overlap; None where they do not."""
    if one is None or other is None:
        return None
    spans = [
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(one, other, strict=True)
    ]
    return None if any(span.start >= span.stop for span in spans) else (spans[0], spans[1])
