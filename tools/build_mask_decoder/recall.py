"""Class-agnostic recall: annotated objects that some mask matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

LEVELS = (0.5, 0.75)

DRAWS = 2000
"""Of the bootstrap."""


@dataclass(frozen=True)
class PictureRecall:
    """What one source of masks finds in one picture.

    Attributes:
        picture: its file.
        source: of the masks.
        ious: of every annotated object, the best with any mask.
        masks: how many there are.
    """

    picture: str
    source: str
    ious: list[float]
    masks: int


def best_ious(masks: Tensor, truth: Tensor) -> Tensor:
    """float [N]: of each of bool [N, h, w] the best IoU with any of bool [K, h, w]."""
    if not len(masks) or not len(truth):
        return torch.zeros(len(truth))
    a, b = truth.flatten(1).float(), masks.flatten(1).float()
    shared = a @ b.T
    union = a.sum(1)[:, None] + b.sum(1)[None] - shared
    return (shared / union.clamp_min(1)).amax(1)


def either(first: PictureRecall, second: PictureRecall) -> PictureRecall:
    """What two sources find in one picture together."""
    ious = [max(pair) for pair in zip(first.ious, second.ious, strict=True)]
    return PictureRecall(first.picture, "either", ious, first.masks + second.masks)


def recall(ious: Sequence[Sequence[float]], level: float) -> tuple[float, float, float]:
    """Share of objects that are matched, and the interval it lies in with 95 %.

    Args:
        ious: per picture, of every object. Whole pictures are drawn for the interval, as
            objects of one picture are found or missed together.
        level: least IoU of a match.
    """
    found = np.array([sum(iou >= level for iou in own) for own in ious])
    objects = np.array([len(own) for own in ious])
    drawn = np.random.default_rng(0).integers(0, len(ious), (DRAWS, len(ious)))
    shares = found[drawn].sum(1) / objects[drawn].sum(1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(found.sum() / objects.sum()), float(low), float(high)
