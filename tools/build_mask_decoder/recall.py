"""Class-agnostic recall: annotated objects that some mask matches."""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = (0.5, 0.75)


def best_ious(masks: Tensor, truth: Tensor) -> Tensor:
    """float [N]: of each of bool [N, h, w] the best IoU with any of bool [K, h, w]."""
    if not len(masks) or not len(truth):
        return torch.zeros(len(truth))
    a, b = truth.flatten(1).float(), masks.flatten(1).float()
    shared = a @ b.T
    union = a.sum(1)[:, None] + b.sum(1)[None] - shared
    return (shared / union.clamp_min(1)).amax(1)


def recall(ious: Tensor) -> dict[str, float]:
    """Share of objects above each of :data:`LEVELS`."""
    if not len(ious):
        return {f"recall at {level}": 0.0 for level in LEVELS}
    return {f"recall at {level}": float((ious >= level).float().mean()) for level in LEVELS}
