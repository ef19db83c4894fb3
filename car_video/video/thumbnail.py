"""Small copies of frames, in which motion and cuts are found."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from car_video.segment.resizing import bounded

THUMBNAIL_SIDE = 256  # longest side in pixels


def shrink(image: NDArray[np.uint8], longest: int = THUMBNAIL_SIDE) -> NDArray[np.uint8]:
    """A small copy by means over whole areas; uint8 [H, W, 3] -> uint8 [h, w, 3]."""
    size = bounded(image.shape[0], image.shape[1], longest)
    pixels = torch.from_numpy(np.require(image, requirements=["C", "W"]))
    pixels = pixels.permute(2, 0, 1)[None].float()
    small = F.interpolate(pixels, size, mode="area")[0].round().to(torch.uint8)
    return np.ascontiguousarray(small.permute(1, 2, 0).cpu().numpy())
