"""The picture that CaR's released code gives to the dense CRF."""

from __future__ import annotations

import torch
from torch import Tensor

MEAN_BGR = (104.008, 116.669, 122.675)
"""Mean colour that is taken off, blue, green and red in grey levels (Caffe's of ImageNet)."""


def wrapped_bgr(images: Tensor) -> Tensor:
    """The image as the released code gives it to the bilateral kernel.

    BGR minus the mean colour, cut to whole numbers and wrapped into a byte as x86 does, so
    that a channel jumps by 256 where it crosses its mean.

    Args:
        images: uint8 [..., 3], RGB.

    Returns:
        uint8 [..., 3].
    """
    mean = torch.tensor(MEAN_BGR, device=images.device)
    centred = torch.trunc(images.flip(-1).float() - mean)
    return torch.remainder(centred, 256.0).to(torch.uint8)
