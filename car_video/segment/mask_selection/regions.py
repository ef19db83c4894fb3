"""Parts of a picture, each with the name that a classifier gives it.

FC-CLIP (arXiv 2308.02487, section 3.3) in place of CaR's way round: not a mask for each name,
but a name for each mask. Where a whole label space is asked of a picture, the masks are found
once, whatever the number of names.
"""

from __future__ import annotations

import torch
from torch import Tensor

PARTS_AT_ONCE = 16
"""Parts that are painted together: 66 MB of int16 at 1920 x 1080."""


def name_parts(odds: Tensor) -> tuple[Tensor, Tensor]:
    """The most probable name of each part, the background among them.

    Args:
        odds: [K, N] log-odds of each name against the background, for K parts.

    Returns:
        int64 [K]: number of the name, -1 for the background; and float32 [K]: its probability
        among all names and the background.
    """
    background = torch.zeros_like(odds[:, :1])
    probability, number = torch.cat([background, odds], 1).float().softmax(1).max(1)
    return number - 1, probability


def paint_parts(
    parts: Tensor, names: Tensor, probability: Tensor, count: int
) -> tuple[Tensor, Tensor]:
    """Masks of the names: a pixel belongs to the surest part that covers it.

    Args:
        parts: bool [K, h, w].
        names: int64 [K], -1: the background.
        probability: [K] in [0, 1].
        count: N, how many names.

    Returns:
        bool [N, h, w], disjoint; and float32 [N]: the probability of the surest part of each
        name that is seen, 0 for a name without a pixel.
    """
    if not len(parts):
        empty = torch.zeros(count, *parts.shape[1:], dtype=torch.bool, device=parts.device)
        return empty, torch.zeros(count, device=parts.device)
    order = probability.argsort()  # later ones lie on top; 0 is where nothing is
    rank = torch.empty_like(order).scatter_(
        0, order, torch.arange(1, len(order) + 1, device=order.device)
    )
    top = torch.zeros(parts.shape[1:], dtype=torch.int16, device=parts.device)
    for block, level in zip(
        parts.split(PARTS_AT_ONCE), rank.to(torch.int16).split(PARTS_AT_ONCE), strict=True
    ):
        top = torch.maximum(top, (block * level[:, None, None]).amax(0))
    of_rank = torch.cat([names.new_full((1,), -1), names[order]])
    labels = of_rank[top.long()]
    masks = labels == torch.arange(count, device=labels.device)[:, None, None]
    seen = top.flatten().unique().long()
    seen = order[seen[seen > 0] - 1]
    seen = seen[names[seen] >= 0]
    scores = torch.zeros(count, device=masks.device)
    scores.scatter_reduce_(0, names[seen], probability[seen].float(), "amax")
    return masks, scores
