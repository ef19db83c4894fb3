"""Pictures as the parts of the algorithm see them: encoded once, plural in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import ProposalConfig
from car_video.models.base import ImageFeatures, VisionLanguageModel
from car_video.models.batching import encode_each
from car_video.segment.resizing import to_cells, to_own_cells, to_pixels
from car_video.types import as_image

MAX_WORKING_SIDE = (
    1920  # no stage looks at more pixels than this on a side; masks come back full size
)


@dataclass(frozen=True)
class EncodedImage:
    """One picture as the parts of the algorithm see it.

    Attributes:
        image: uint8 [H, W, 3] as given.
        pixels: float32 [1, 3, h, w] in [0, 1] on the device, at most :data:`MAX_WORKING_SIDE`.
        features: of f.
        pooling: of g, for mask pooling; those of f where one model is both, or g needs none.
    """

    image: NDArray[np.uint8]
    pixels: Tensor
    features: ImageFeatures
    pooling: ImageFeatures


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
        pooler: g, if it is another model and pools masks.
        config: says at what size they are seen.

    Raises:
        ValueError: see :func:`~car_video.types.as_image`.
    """
    images = [as_image(image) for image in images]
    pixels = [to_pixels(image, proposer.device, MAX_WORKING_SIDE) for image in images]
    cells = to_own_cells if config.resize == "original" else to_cells

    def encoded(model: VisionLanguageModel) -> list[ImageFeatures]:
        return encode_each(model, [cells(one, config.size, model.stride) for one in pixels])

    features = encoded(proposer)
    pooling = features if pooler is None else encoded(pooler)
    return [
        EncodedImage(*parts) for parts in zip(images, pixels, features, pooling, strict=True)
    ]
