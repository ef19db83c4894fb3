"""Overlap resolution: which mask gets the pixels that several masks cover."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.segment.resizing import enlarge

SAME_IOU = 0.8
"""IoU from which two masks are of one thing; both keep their pixels."""
NESTED = 0.5
"""Part of a mask in another one from which it lies in it or before it."""


def half_masks(logits: Tensor) -> Tensor:
    """Logits [..., a, b] -> flat 0/1 masks [..., n] at half the resolution, for overlaps."""
    lead = logits.shape[:-2]
    pooled = F.avg_pool2d(logits.flatten(0, -3)[:, None], 2, ceil_mode=True)
    return (pooled > 0).float().flatten(1).unflatten(0, lead)


def resolve_overlaps(
    logits: Tensor, size: tuple[int, int], maps: Tensor | None = None
) -> Tensor:
    """Masks that share no pixel, unless they are of one thing.

    The overlap of two masks goes to one of them as a whole: by pixel, the higher logit would
    leave specks of both. If the overlap is most of one of them, that one gets it (a ball before
    a man). Else the mask whose logits are higher there on average gets it; with maps of the
    queries, each pixel goes to the mask whose map is higher (two things side by side). Two
    expressions that name one thing both keep it.

    Args:
        logits: [N, a, b]; an empty mask is below zero everywhere.
        size: (H, W) of the masks.
        maps: [N, h, w] in [0, 1]: proposals of the queries.

    Returns:
        bool [N, H, W].
    """
    masks = enlarge(logits, size) > 0
    flat = masks.flatten(1)
    overlap = (flat.sum(0, dtype=torch.int16) > 1).nonzero()[:, 0]
    if not len(overlap):
        return masks
    covered = flat[:, overlap]
    yields, same = overlap_order(logits, nested_only=maps is not None)
    kept = covered & ~(yields.float() @ covered.float() > 0)
    # Three masks can yield to each other in a ring: such a pixel goes to the first of them.
    orphaned = (~kept.any(0)).nonzero()[:, 0]
    kept[covered[:, orphaned].to(torch.uint8).argmax(0), orphaned] = True
    if maps is not None:
        values = enlarge(maps, size).flatten(1)[:, overlap].masked_fill(~kept, -1.0)
        kept &= same[:, values.argmax(0)]
    flat[:, overlap] = kept
    return flat.unflatten(1, size)


def overlap_order(logits: Tensor, nested_only: bool = False) -> tuple[Tensor, Tensor]:
    """Which mask of each pair yields the pixels that both cover.

    Args:
        logits: [N, a, b].
        nested_only: order only pairs of which one mask lies in the other.

    Returns:
        bool [N, N]: mask n yields what it shares with mask m; bool [N, N]: both are of one
        thing, as each mask is with itself.
    """
    held = half_masks(logits)
    shared = held @ held.T
    areas = held.sum(1)
    union = areas[:, None] + areas - shared
    part = shared / areas[:, None].clamp_min(1)  # of mask n in mask m
    value = F.avg_pool2d(logits[:, None], 2, ceil_mode=True).flatten(1)
    strength = (value * held) @ held.T  # logits of mask n on what it shares with mask m
    order = torch.arange(len(held), device=held.device)
    later = order[:, None] > order
    nested = torch.maximum(part, part.T) > NESTED
    own, other = torch.where(nested, part, strength), torch.where(nested, part.T, strength.T)
    yields = (own < other) | ((own == other) & later)
    same = (shared > SAME_IOU * union) | (order[:, None] == order)
    return yields & ~same & (nested | (not nested_only)), same
