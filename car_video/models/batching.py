"""Several pictures in one pass of an encoder, and each picture's own part of the features.

Encoders have no state, so a picture's features do not depend on its neighbours in the batch,
but for rounding. Everything after the encoder works picture by picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from car_video.models.base import ImageFeatures, VisionLanguageModel

T = TypeVar("T")


def encode_each(model: VisionLanguageModel, pixels: Sequence[Tensor]) -> list[ImageFeatures]:
    """Features of pictures of one size, all from one pass where the family can.

    Args:
        model: runs once per picture unless it ``encodes_batches``.
        pixels: each float32 [1, 3, H, W] as for ``model.encode_image``.

    Returns:
        As many, each of batch size 1; views of what the pass left behind, which is held until
        the last of them is let go.
    """
    if len(pixels) == 1 or not model.encodes_batches:
        return [model.encode_image(picture) for picture in pixels]
    together = model.encode_image(torch.cat(list(pixels)))
    return [own_part(together, index) for index in range(len(pixels))]


def own_part(value: T, index: int) -> T:
    """What belongs to one picture of a batch, as a batch of one.

    Args:
        value: a tensor [B, ...], or dataclasses, dictionaries and tuples that hold nothing but
            such tensors and what all pictures share.
        index: of the picture.
    """
    part: Any = value
    if isinstance(value, Tensor):
        part = value[index : index + 1]
    elif isinstance(value, dict):
        part = {key: own_part(one, index) for key, one in value.items()}
    elif isinstance(value, tuple):
        part = tuple(own_part(one, index) for one in value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        own = {name: own_part(getattr(value, name), index) for name in names}
        part = dataclasses.replace(value, **own)
    found: T = part
    return found
