"""Mask candidates as instances of one kind: which of them exist, each thing once."""

from __future__ import annotations

import torch
from torch import Tensor

SAME_IOU = 0.5
"""IoU from which two masks are of one thing."""
SAME_CONTAINED = 0.8
"""Part of the smaller mask in the larger one from which both are of one thing."""
SEPARATE = 0.2
"""Part of the smaller mask in the larger one below which they are two things."""
PART_AREA = 0.7
"""Part of a mask's area below which a mask within it is another thing, one of a group."""
NOTABLE = 0.3
"""Part of the best support from which a candidate counts as an instance that was found."""
MAX_GROUPS = 3
"""Masks that hold several things, which are looked through at most."""
CERTAIN = 0.999
"""Probability that the best candidate exists. Below 1, so that what lies behind it in order
keeps a chance of being the first."""


def existence(masks: Tensor, support: Tensor, min_count: Tensor) -> Tensor:
    """Probability that each mask is an instance of its own.

    Where fewer than ``min_count`` instances are found, the best mask may be all of them
    together: if two masks within it lie apart, it is a group and no instance.

    Args:
        masks: [Q, M, a, b] in [0, 1].
        support: [Q, M], >= 0: agreement with the text, times the square of the segmenter's own
            IoU estimate.
        min_count: int64 [Q]: instances that the words presuppose.

    Returns:
        [Q, M] in [0, 1]: the support relative to the best one; 0 for a mask that overlaps a
        better one.
    """
    flat = masks.flatten(2)
    shared = flat @ flat.transpose(1, 2)
    area = flat.sum(2)
    union = area[:, None] + area[..., None] - shared
    smaller = torch.minimum(area[:, None], area[..., None])
    same = (shared > SAME_IOU * union) | (shared > SAME_CONTAINED * smaller)
    separate = shared < SEPARATE * smaller
    support = torch.where(area > 0, support, 0.0)
    rows = torch.arange(len(support), device=support.device)
    kept = _best_of_each(support, same)
    for _ in range(MAX_GROUPS):
        strong = kept >= NOTABLE * kept.amax(1, keepdim=True).clamp_min(1e-9)
        best = support.argmax(1)
        within = shared[rows, best] > SAME_CONTAINED * area
        within &= area < PART_AREA * area[rows, best][:, None]
        within &= support >= NOTABLE / 2 * support[rows, best][:, None]
        two = (within[:, None] & within[..., None] & separate).flatten(1).any(1)
        group = two & (min_count > 2) & (strong.sum(1) < min_count)
        if not bool(group.any()):
            break
        alike = shared[rows, best] > PART_AREA * union[rows, best]
        support = torch.where(group[:, None] & alike, 0.0, support)
        kept = torch.where(group[:, None], _best_of_each(support, same), kept)
    return (kept / kept.amax(1, keepdim=True).clamp_min(1e-9)).clamp_max(CERTAIN)


def _best_of_each(support: Tensor, same: Tensor) -> Tensor:
    """Non-maximum suppression of support [Q, M] among masks that are the same [Q, M, M]."""
    left, kept = support.clone(), torch.zeros_like(support)
    rows = torch.arange(len(support), device=support.device)
    for _ in range(support.shape[1]):
        value, best = left.max(1)
        if not bool((value > 0).any()):
            break
        kept[rows, best] = torch.maximum(kept[rows, best], value)
        left = torch.where(same[rows, best] & (value > 0)[:, None], 0.0, left)
        left[rows, best] = 0.0
    return kept
