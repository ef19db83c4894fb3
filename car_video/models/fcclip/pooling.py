"""Hard masks, and the mean feature under each of them.

A mask is where a query's logits are above 0. Source: arXiv 2308.02487, section 3.3, and the
released code (docs/fcclip.md says where the two differ).
"""

from __future__ import annotations

from typing import cast

import torch.nn.functional as F
from torch import Tensor

EMPTY = 1e-8
"""Added to every count of cells, so that an empty mask pools to the zero vector."""


def hard_masks(logits: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """bool [B, Q, h, w]: where a mask is on.

    Args:
        logits: [B, Q, a, b].
        size: h and w. The logits are resized bilinearly before they are cut, so that each cell
            sees the four logits around its centre; None keeps a and b.
    """
    if size is not None:
        logits = F.interpolate(logits, size, mode="bilinear", align_corners=False)
    return cast(Tensor, logits > 0)


def mean_under(features: Tensor, masks: Tensor) -> Tensor:
    """Mean of [B, C, h, w] under bool masks [B, Q, h, w]: [B, Q, C], zeros for an empty one."""
    weights = masks.flatten(2).to(features.dtype)
    total = weights @ features.flatten(2).transpose(1, 2)
    return total / (weights.sum(-1, keepdim=True) + EMPTY)
