"""Boxes around masks, and their overlaps."""

from __future__ import annotations

import torch
from torch import Tensor


def boxes_of(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes around masks.

    Args:
        masks: bool [P, a, b], none of them empty.
        size: (H, W) of the picture in pixels.

    Returns:
        float32 [P, 4]: x0, y0, x1, y1 in pixels of the picture.
    """
    height, width = masks.shape[-2:]
    sides = []
    for axis, cells, pixels in ((1, width, size[1]), (2, height, size[0])):
        line = masks.any(axis).to(torch.uint8)
        first = line.argmax(1)
        last = cells - line.flip(1).argmax(1)
        sides.append((first * (pixels / cells), last * (pixels / cells)))
    (x0, x1), (y0, y1) = sides
    return torch.stack([x0, y0, x1, y1], 1).float()


def filled_boxes(masks: Tensor) -> Tensor:
    """Masks, bool [..., a, b], of all cells within the boxes around masks of that shape."""
    spans = []
    for axis in (-1, -2):
        line = masks.any(axis).to(torch.int32)
        before = line.cumsum(-1, dtype=torch.int32) > 0
        after = line.flip(-1).cumsum(-1, dtype=torch.int32).flip(-1) > 0
        spans.append(before & after)
    rows, columns = spans
    return rows[..., :, None] & columns[..., None, :]


def box_overlaps(a: Tensor, b: Tensor) -> Tensor:
    """IoU of every box of [Q, M, 4] with every one of [Q, B, 4], x0, y0, x1, y1: [Q, M, B]."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    shared = (high - low).clamp_min(0).prod(-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(-1) for boxes in (a, b)]
    return shared / (areas[0][:, :, None] + areas[1][:, None] - shared).clamp_min(1e-6)
