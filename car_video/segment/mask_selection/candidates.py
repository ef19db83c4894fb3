"""Which of many masks is the one the map means: peaks, agreement and the choice.

A promptable segmenter answers every point with masks of a part, an object and a whole. Prompted
at the peaks of a proposal its answers nearly always hold the right mask; these functions choose
it by agreement with the map, measured on the feature grid where the map lives.
"""

from __future__ import annotations

import torch
from torch import Tensor


def peaks(maps: Tensor, count: int, distance: int, floor: float) -> tuple[Tensor, Tensor]:
    """Strong places of soft masks, strongest first, none within ``distance`` of a stronger one.

    Not only local maxima: on a smooth map the slopes of the one hill are worth asking about,
    for its top may lie on a part of the object.

    Args:
        maps: [Q, h, w] in [0, 1].
        count: at most this many per map.
        distance: in cells; a square of this radius around a peak is closed to others.
        floor: places below this part of the map's maximum are left out (the maximum stays).

    Returns:
        int64 [Q, count, 2] rows and columns, and bool [Q, count] which of them are there.
    """
    rows, columns = maps.shape[-2:]
    left = maps.clone()
    top = maps.flatten(1).amax(1)
    y = torch.arange(rows, device=maps.device)[None, :, None]
    x = torch.arange(columns, device=maps.device)[None, None, :]
    points, there = [], []
    for _ in range(count):
        values, places = left.flatten(1).max(1)
        row, column = places // columns, places % columns
        points.append(torch.stack([row, column], -1))
        there.append((values > 0) & (values >= floor * top))
        near_row = (y - row[:, None, None]).abs() <= distance
        near_column = (x - column[:, None, None]).abs() <= distance
        left = left.masked_fill(near_row & near_column, -1.0)
    return torch.stack(points, 1), torch.stack(there, 1)


def soft_iou(masks: Tensor, maps: Tensor) -> Tensor:
    """Overlap of masks with a soft map: sum of minima over sum of maxima.

    Args:
        masks: [Q, M, h, w] in [0, 1].
        maps: [Q, h, w] in [0, 1].

    Returns:
        [Q, M] in [0, 1].
    """
    maps = maps[:, None]
    return torch.minimum(masks, maps).sum((-1, -2)) / torch.maximum(masks, maps).sum(
        (-1, -2)
    ).clamp_min(1e-6)


def contrast(masks: Tensor, maps: Tensor) -> Tensor:
    """Mean of the map inside a mask less the mean outside it, [Q, M] in [-1, 1].

    Shapes as in :func:`soft_iou`. The coherence cue of HybridGL.
    """
    maps = maps[:, None]
    inside = (masks * maps).sum((-1, -2)) / masks.sum((-1, -2)).clamp_min(1e-6)
    outside = ((1 - masks) * maps).sum((-1, -2)) / (1 - masks).sum((-1, -2)).clamp_min(1e-6)
    return inside - outside


def stability(logits: Tensor, offset: float = 1.0) -> Tensor:
    """IoU of a mask cut ``offset`` above and below its threshold (SAM), [...] in [0, 1].

    Args:
        logits: [..., H, W].
    """
    strict = (logits > offset).sum((-1, -2)).float()
    loose = (logits > -offset).sum((-1, -2)).float()
    return strict / loose.clamp_min(1)


def boxes_of(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes x0, y0, x1, y1 around non-empty masks [P, a, b], in pixels of ``size``: [P, 4]."""
    height, width = masks.shape[-2:]
    sides = []
    for axis, cells, pixels in ((1, width, size[1]), (2, height, size[0])):
        line = masks.any(axis).to(torch.uint8)
        first = line.argmax(1)
        last = cells - line.flip(1).argmax(1)
        sides.append((first * (pixels / cells), last * (pixels / cells)))
    (x0, x1), (y0, y1) = sides
    return torch.stack([x0, y0, x1, y1], 1).float()
