"""Masks of tracks: moved with the picture, and the mean features under them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_LOGIT = 10.0  # logits of masks beyond it say no more


def move(logits: Tensor, flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks of the last frame where the picture has moved them to.

    Args:
        logits: [Q, K, a, b].
        flow: [2, h, w] backward, in pixels of its own grid, see
            :mod:`~car_video.video.tracking.motion`.
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


def appearance_of(logits: Tensor, features: Tensor) -> Tensor:
    """Mean feature under each mask, of unit length.

    Args:
        logits: [Q, C, a, b].
        features: [D, h, w], see :func:`~car_video.video.feature_memory.unit_features`.

    Returns:
        [Q, C, D]; zeros for an empty mask.
    """
    grid = (int(features.shape[-2]), int(features.shape[-1]))
    cells = F.adaptive_avg_pool2d((logits > 0).float(), grid).flatten(2)
    return F.normalize(cells @ features.flatten(1).T, dim=-1)
