"""Which colours lie under masks.

Features of cells hardly tell a black box from the person whom it covers: cells hold what is
around as well. Colours do, from one second to the next; over longer times light changes them.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.segment.mask_selection.overlaps import half_masks

LEVELS = 4  # per colour, as the classes of scene cuts; a value between two levels is of both
COLOURS = LEVELS**3


def colour_shares(logits: Tensor, thumbnail: NDArray[np.uint8]) -> Tensor:
    """Part of each mask in each of 4 x 4 x 4 colours.

    Args:
        logits: [Q, C, a, b].
        thumbnail: uint8 [h, w, 3] of the frame.

    Returns:
        [Q, C, 64], sums of 1; zeros for an empty mask.
    """
    grid = -(-int(logits.shape[-2]) // 2), -(-int(logits.shape[-1]) // 2)  # of half masks
    pixels = torch.from_numpy(thumbnail).to(logits.device).permute(2, 0, 1).float()
    seen = F.adaptive_avg_pool2d(pixels, grid).flatten(1)  # [3, n]
    masks = half_masks(logits)
    levels = torch.arange(LEVELS, device=logits.device)
    place = (seen * (LEVELS / 256) - 1 / 2).clamp(0, LEVELS - 1)
    red, green, blue = (1 - (place[..., None] - levels).abs()).clamp_min(0)  # [m, 4] each
    colours = (red[:, :, None, None] * green[:, None, :, None] * blue[:, None, None]).flatten(1)
    return (masks @ colours) / masks.sum(-1, keepdim=True).clamp_min(1)
