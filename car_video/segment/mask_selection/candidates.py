"""Measures by which a mask is chosen among candidates: peaks, overlap, stability.

A promptable segmenter answers every point with masks of a part, an object and a whole. Prompted
at the peaks of a proposal, its answers nearly always include the right mask. It is chosen by
its agreement with the proposal, on the cells of the proposal.
"""

from __future__ import annotations

import torch
from torch import Tensor

PROMPTS_AT_ONCE = 64
"""Prompts per call of SAM's decoder. It needs about 16 MB a prompt, and a label space of 80
names makes 640 of them."""


def peaks(maps: Tensor, count: int, distance: int, floor: float) -> tuple[Tensor, Tensor]:
    """Strong cells of soft masks, strongest first, none within ``distance`` of a stronger one.

    They need not be local maxima: the maximum of a smooth map may lie on a part of the object,
    so the slopes are prompted too.

    Args:
        maps: [Q, h, w] in [0, 1].
        count: at most this many per map.
        distance: in cells; no further peak lies in a square of this radius around a peak.
        floor: cells below this part of the map's maximum are left out (the maximum stays).

    Returns:
        int64 [Q, count, 2]: rows and columns; bool [Q, count]: which of them are valid, the
        rest is padding.
    """
    rows, columns = maps.shape[-2:]
    left = maps.clone()
    top = maps.flatten(1).amax(1)
    y = torch.arange(rows, device=maps.device)[None, :, None]
    x = torch.arange(columns, device=maps.device)[None, None, :]
    points, valid = [], []
    for _ in range(count):
        values, places = left.flatten(1).max(1)
        row, column = places // columns, places % columns
        points.append(torch.stack([row, column], -1))
        valid.append((values > 0) & (values >= floor * top))
        near_row = (y - row[:, None, None]).abs() <= distance
        near_column = (x - column[:, None, None]).abs() <= distance
        left = left.masked_fill(near_row & near_column, -1.0)
    return torch.stack(points, 1), torch.stack(valid, 1)


def soft_iou(masks: Tensor, maps: Tensor) -> Tensor:
    """IoU of masks with soft maps: sum of minima over sum of maxima.

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


def stability(logits: Tensor, offset: float = 1.0) -> Tensor:
    """IoU of a mask thresholded ``offset`` above and below zero (Segment Anything, section 5).

    Args:
        logits: [..., H, W].
        offset: in logits; 1 is Segment Anything's.

    Returns:
        [...] in [0, 1].
    """
    strict = (logits > offset).sum((-1, -2)).float()
    loose = (logits > -offset).sum((-1, -2)).float()
    return strict / loose.clamp_min(1)
