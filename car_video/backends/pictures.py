"""Frames that ship with the package: a person in a room, cut from examples/person.mp4."""

from __future__ import annotations

from importlib import resources

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from car_video.models.encoder import EncoderHost

EXPRESSIONS = ("the person", "the round table", "the wooden floor", "a dog")
"""What is to be seen in them, and something that is not."""

_CALIBRATION, _COMPARISON = (32, 42, 52), (37, 47, 57)


def calibration_pictures() -> list[NDArray[np.uint8]]:
    """Pictures uint8 [H, W, 3] that networks are exported and quantised with."""
    return [_picture(number) for number in _CALIBRATION]


def comparison_pictures() -> list[NDArray[np.uint8]]:
    """Others of the same clip, whose masks are compared."""
    return [_picture(number) for number in _COMPARISON]


def prepared(host: EncoderHost, picture: NDArray[np.uint8], side: int) -> Tensor:
    """A picture as an encoder gets it.

    Args:
        host: whose encoder.
        picture: uint8 [H, W, 3].
        side: the longest side, about.

    Returns:
        float32 [1, 3, h, w], both multiples of the encoder's stride.
    """
    stride = host.encoder_stride
    scale = side / max(picture.shape[:2])
    size = [max(2, round(length * scale / stride)) * stride for length in picture.shape[:2]]
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True, align_corners=False)
    return host.prepare(pixels).float().contiguous()


def _picture(number: int) -> NDArray[np.uint8]:
    file = resources.files("car_video.backends") / "frames" / f"person-{number}.jpg"
    with file.open("rb") as opened, Image.open(opened) as picture:
        return np.array(picture.convert("RGB"))
