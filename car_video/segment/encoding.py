"""Encoded pictures: each model sees a picture once, several pictures in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import ProposalConfig
from car_video.models.base import ImageFeatures, VisionLanguageModel
from car_video.models.batching import encode_each
from car_video.segment.reference.resizing import to_rounded_cells
from car_video.segment.resizing import to_cells, to_pixels
from car_video.types import as_image

MAX_WORKING_SIDE = 1920
"""Longest side in pixels of the picture that every stage works on. It bounds memory: at this
size a map of float32 takes 8 MB. Masks come back at the picture's own size."""


@dataclass(frozen=True)
class EncodedImage:
    """One picture with the features that the models have computed of it.

    Attributes:
        image: uint8 [H, W, 3] as given.
        pixels: float32 [1, 3, h, w] in [0, 1] on the device; the sides are at most
            :data:`MAX_WORKING_SIDE`.
        features: of the proposer f.
        pooling: of the classifier g, for mask pooling; the same as ``features`` where one
            model is both, or where g needs none.
    """

    image: NDArray[np.uint8]
    pixels: Tensor
    features: ImageFeatures
    pooling: ImageFeatures


def working_size(encoded: EncodedImage) -> tuple[int, int]:
    """(h, w) of the pixels that every stage works on."""
    return int(encoded.pixels.shape[-2]), int(encoded.pixels.shape[-1])


def at_working_size(encoded: EncodedImage, masks: NDArray[np.bool_]) -> Tensor:
    """Masks bool [K, H, W] of the picture as a tensor bool [K, h, w] on its device."""
    whole = torch.from_numpy(np.ascontiguousarray(masks, bool))[:, None].float()
    small = F.interpolate(whole, working_size(encoded), mode="nearest")[:, 0] > 0
    return small.to(encoded.pixels.device)


def encode_images(
    images: Sequence[NDArray[np.uint8]],
    proposer: VisionLanguageModel,
    pooler: VisionLanguageModel | None,
    config: ProposalConfig,
) -> list[EncodedImage]:
    """Encode pictures, each model in one pass.

    Args:
        images: uint8 [H, W, 3], RGB, all of one size.
        proposer: f.
        pooler: g, if it is another model than f and pools masks.
        config: the size that the models see.

    Raises:
        ValueError: see :func:`~car_video.types.as_image`.
    """
    images = [as_image(image) for image in images]
    pixels = [to_pixels(image, proposer.device, MAX_WORKING_SIDE) for image in images]
    resize = to_rounded_cells if config.resize == "original" else to_cells

    def encode(model: VisionLanguageModel) -> list[ImageFeatures]:
        return encode_each(model, [resize(one, config.size, model.stride) for one in pixels])

    features = encode(proposer)
    pooling = features if pooler is None else encode(pooler)
    return [
        EncodedImage(*parts) for parts in zip(images, pixels, features, pooling, strict=True)
    ]
