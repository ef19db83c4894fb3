"""Masks of tracks as other parts want them: moved, pooled over features, boxed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def move(logits: Tensor, flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks of the last frame where the picture has moved them to.

    Args:
        logits: [Q, K, a, b].
        flow: [2, h, w] backward, in pixels of its own grid (:mod:`motion`).
        size: (a', b') wanted.

    Returns:
        [Q, K, a', b'].
    """
    rows, columns = flow.shape[-2:]
    y = torch.arange(rows, device=flow.device)[:, None] + 0.5 + flow[0]
    x = torch.arange(columns, device=flow.device)[None] + 0.5 + flow[1]
    grid = torch.stack([2 * x / columns - 1, 2 * y / rows - 1])
    if (rows, columns) != size:
        grid = F.interpolate(grid[None], size, mode="bilinear", align_corners=False)[0]
    grid = grid.permute(1, 2, 0)[None]
    flat = logits.flatten(0, 1)[None]
    moved = F.grid_sample(flat, grid, padding_mode="border", align_corners=False)
    return moved[0].unflatten(0, logits.shape[:2])


def looks_of(logits: Tensor, features: Tensor) -> Tensor:
    """Mean feature under each mask, of unit length.

    Args:
        logits: [Q, C, a, b].
        features: [D, h, w], see :func:`~car_video.video.memory.unit_features`.

    Returns:
        [Q, C, D]; zeros for an empty mask.
    """
    grid = (int(features.shape[-2]), int(features.shape[-1]))
    cells = F.adaptive_avg_pool2d((logits > 0).float(), grid).flatten(2)
    return F.normalize(cells @ features.flatten(1).T, dim=-1)


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
