"""A picture as FC-CLIP wants it: resized by Pillow on whole grey levels, normalised, padded.

Source: the released evaluation (docs/fcclip.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

STRIDE = 32
Size = tuple[int, int]


@dataclass(frozen=True)
class Sizes:
    """Heights and widths of one picture on its way.

    Attributes:
        output: of the picture and of everything that is said about it.
        resized: as the network sees it.
        padded: the same, to multiples of 32 at its lower and right edge.
    """

    output: Size
    resized: Size
    padded: Size


def sizes_for(height: int, width: int, shortest: int, longest: int) -> Sizes:
    """Sizes of a picture.

    Args:
        height, width: of the picture.
        shortest: side that the shorter one becomes, unless
        longest: the longer one would be more than this.
    """
    scale = shortest / min(height, width)
    # One side is named exactly, so that rounding of the scale cannot move it.
    h, w = (shortest, scale * width) if height < width else (scale * height, shortest)
    if max(h, w) > longest:
        shrink = longest / max(h, w)
        h, w = h * shrink, w * shrink
    resized = max(1, math.floor(h + 0.5)), max(1, math.floor(w + 0.5))
    padded = tuple(-(-side // STRIDE) * STRIDE for side in resized)
    return Sizes((height, width), resized, (padded[0], padded[1]))


def resize_picture(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] at another height and width; antialiased, rounded to grey levels."""
    if image.shape[:2] == size:
        return image
    picture = Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def padded_pixels(normalised: Tensor, padded: Size) -> Tensor:
    """[1, 3, h, w] with zeros below and to the right.

    Args:
        normalised: after subtraction of the mean, so that padding is the mean colour.
        padded: height and width.
    """
    height, width = normalised.shape[-2:]
    return F.pad(normalised, (0, padded[1] - width, 0, padded[0] - height))


def as_pixels(image: NDArray[np.uint8]) -> Tensor:
    """uint8 [H, W, 3] as float32 [1, 3, H, W] in [0, 1]."""
    writable = np.require(image, requirements=["C", "W"])
    return torch.from_numpy(writable).permute(2, 0, 1)[None].float() / 255
