"""Whose a pixel is that plural masks claim."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.segment.resizing import enlarge

SAME = 0.8  # IoU from which two masks are of one thing
INSIDE = 0.5  # part of a mask in another one from which it lies in or before it


def half_masks(logits: Tensor) -> Tensor:
    """[..., a, b] logits -> flat 0/1 masks [..., n] at half the resolution, for overlaps."""
    lead = logits.shape[:-2]
    pooled = F.avg_pool2d(logits.flatten(0, -3)[:, None], 2, ceil_mode=True)
    return (pooled > 0).float().flatten(1).unflatten(0, lead)


def resolve_overlaps(
    logits: Tensor, size: tuple[int, int], maps: Tensor | None = None
) -> Tensor:
    """Masks that share no pixel, unless they are of one thing.

    What two masks share goes to one of them as a whole: pixel by pixel the surer logit would
    leave specks of both. If it is most of one of them, that one gets it (a ball before a man);
    else the one whose logits are higher there on average, or, with maps of language, pixel by
    pixel the one whose map is higher (two that stand side by side). Two expressions that name
    one thing both keep it.

    Args:
        logits: [N, a, b]; an empty mask is below zero everywhere.
        size: (H, W) of the masks.
        maps: [N, h, w] in [0, 1], where language sees each.

    Returns:
        bool [N, H, W].
    """
    masks = enlarge(logits, size) > 0
    flat = masks.flatten(1)
    contested = (flat.sum(0, dtype=torch.int16) > 1).nonzero()[:, 0]
    if not len(contested):
        return masks
    claimed = flat[:, contested]
    behind, same = losers(logits, nested_only=maps is not None)
    kept = claimed & ~(behind.float() @ claimed.float() > 0)
    # Three masks can beat each other in a ring: such a pixel goes to the first of them.
    nobody = (~kept.any(0)).nonzero()[:, 0]
    kept[claimed[:, nobody].to(torch.uint8).argmax(0), nobody] = True
    if maps is not None:
        there = enlarge(maps, size).flatten(1)[:, contested].masked_fill(~kept, -1.0)
        kept &= same[:, there.argmax(0)]
    flat[:, contested] = kept
    return flat.unflatten(1, size)


def losers(logits: Tensor, nested_only: bool = False) -> tuple[Tensor, Tensor]:
    """Who gives way to whom.

    Args:
        logits: [N, a, b].
        nested_only: only where one of two masks lies in the other.

    Returns:
        bool [N, N]: mask n gives up what it shares with mask m; and whether both are of one
        thing, as each is with itself.
    """
    held = half_masks(logits)
    shared = held @ held.T
    areas = held.sum(1)
    union = areas[:, None] + areas - shared
    part = shared / areas[:, None].clamp_min(1)  # of the first in the second
    value = F.avg_pool2d(logits[:, None], 2, ceil_mode=True).flatten(1)
    strength = (value * held) @ held.T  # of the first on what they share
    order = torch.arange(len(held), device=held.device)
    later = order[:, None] > order
    nested = torch.maximum(part, part.T) > INSIDE
    mine, other = torch.where(nested, part, strength), torch.where(nested, part.T, strength.T)
    behind = (mine < other) | ((mine == other) & later)
    same = (shared > SAME * union) | (order[:, None] == order)
    return behind & ~same & (nested | (not nested_only)), same
