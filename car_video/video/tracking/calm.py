"""Whether masks may move with the picture alone, without a look of the mask model."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config.video import KeyframeConfig
from car_video.video.scheduling.keyframes import COLOURS, colour_classes


def is_calm(overlap: Tensor, config: KeyframeConfig) -> Tensor:
    """Whether the flow has drawn all masks as well as the mask model: bool, a scalar.

    Args:
        overlap: [Q] IoU of each best track's mask with its moved predecessor.
        config: see ``calm``.
    """
    return (overlap >= config.calm).all()


def looks_the_same(
    before: tuple[Tensor, NDArray[np.uint8]],
    now: tuple[Tensor, NDArray[np.uint8]],
    most: float,
) -> bool:
    """Whether what lies under each mask has the colours that it had before.

    What is suddenly covered or gone has not moved with the picture.

    Args:
        before: logits [Q, a, b] of the last frame, and its thumbnail uint8 [h, w, 3].
        now: the same of this frame, the masks moved with the picture.
        most: part of the pixels that may change their colour class.
    """
    if before[1].shape != now[1].shape:
        return False
    inside = [_inside(*before), _inside(*now)]
    pictures = [before[1].reshape(-1, 3), now[1].reshape(-1, 3)]
    # Colour classes are coarse, so dark things are made as bright as they can be.
    pairs = list(zip(inside, pictures, strict=True))
    brightest = max(int(picture[places[1]].max(initial=1)) for places, picture in pairs)
    seen = [_colours(*pair, brightest, len(before[0])) for pair in pairs]
    return bool((np.abs(seen[0] - seen[1]).sum(1) / 2 <= most).all())


def _inside(logits: Tensor, thumbnail: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Masks and pixels of each pixel that lies in a mask, int64 [2, n]."""
    size = (thumbnail.shape[0], thumbnail.shape[1])
    masks = F.interpolate(logits[None], size, mode="bilinear", align_corners=False)[0] > 0
    return np.asarray(torch.nonzero(masks.flatten(1)).cpu().numpy().T)


def _colours(
    inside: NDArray[np.int64], picture: NDArray[np.uint8], brightest: int, masks: int
) -> NDArray[np.float64]:
    """Part of each mask's pixels in each colour: float64 [Q, 64], zeros without pixels."""
    bright = (picture[inside[1]].astype(np.int64) * 255 // brightest).astype(np.uint8)
    codes = inside[0] * COLOURS + colour_classes(bright[:, None])
    counts = np.bincount(codes, minlength=masks * COLOURS).reshape(-1, COLOURS)
    return counts / counts.sum(1, keepdims=True).clip(1)
