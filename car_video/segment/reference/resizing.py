"""The size at which CaR's released code shows a picture to the proposer."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

UNIT = 16
"""Pixels to whose multiples the released code rounds the sides, whatever the patch size is."""


def to_rounded_cells(pixels: Tensor, longest: int, stride: int) -> Tensor:
    """Resize a picture to sides that are multiples of 16, bicubic; it keeps its size otherwise.

    Args:
        pixels: float32 [1, 3, H, W] in [0, 1].
        longest: not used; :func:`car_video.segment.resizing.to_cells` takes it.
        stride: of the network in pixels. Where 16 is no multiple of it (patches of 14 pixels),
            the rest at the right and at the bottom is cut off, as the network's first
            convolution does. A larger stride takes the place of 16.

    Returns:
        float32 [1, 3, h, w]; both sides are multiples of the stride.
    """
    unit = max(UNIT, stride)
    rows, columns = (-(-int(side) // unit) * unit for side in pixels.shape[-2:])
    if (rows, columns) != tuple(pixels.shape[-2:]):
        pixels = F.interpolate(
            pixels, (rows, columns), mode="bicubic", align_corners=False, antialias=True
        ).clamp(0, 1)
    return pixels[..., : rows // stride * stride, : columns // stride * stride]
