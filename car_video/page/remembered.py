"""Pictures that the models have encoded, kept for the next question about them.

On the page people ask again and again about the frame that they see: other words, another
click. Most of the time of an answer is the encoding of the picture, which no question changes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from hashlib import blake2b
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from car_video.models.encoder import ImageEncoder
from car_video.models.sam.base import TRAINED_SIDE, MaskEmbedding, MaskModel
from car_video.segment.encoding import EncodedImage
from car_video.segment.segmenter import ImageSegmenter

KEPT = 6
"""Encoded pictures that are kept; one has about 10 MB."""

Value = TypeVar("Value")


class Newest(Generic[Value]):
    """A mapping that keeps what was used last.

    Args:
        most: entries.
    """

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key, made where it is not there."""
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return self._kept[key]

    def peek(self, key: Hashable) -> Value | None:
        """The value of a key, if it is there."""
        return self._kept.get(key)


class RememberingMaskModel:
    """A mask model that does not encode a picture twice.

    Args:
        model: that does the work; everything but the encoding is its own.
    """

    def __init__(self, model: MaskModel) -> None:
        self._model = model
        self._kept: Newest[MaskEmbedding] = Newest()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def with_encoder(self, encoder: ImageEncoder) -> RememberingMaskModel:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        model: Any = self._model
        return RememberingMaskModel(model.with_encoder(encoder))

    def encode(
        self, pixels: Tensor, side: int = TRAINED_SIDE, shape: tuple[int, int] | None = None
    ) -> MaskEmbedding:
        """See :class:`~car_video.models.sam.base.MaskModel`."""
        key = (_digest(pixels.cpu().numpy()), side, shape)
        return self._kept.get(key, lambda: self._model.encode(pixels, side, shape))

    def encode_each(
        self,
        pixels: Sequence[Tensor],
        side: int = TRAINED_SIDE,
        shape: tuple[int, int] | None = None,
    ) -> Sequence[MaskEmbedding]:
        """See :class:`~car_video.models.sam.base.MaskModel`."""
        return [self.encode(one, side, shape) for one in pixels]


class RememberingSegmenter(ImageSegmenter):
    """An image segmenter that does not encode a picture twice, whatever it looks for."""

    _kept: Newest[EncodedImage] | None = None

    def prepare(self, image: NDArray[np.uint8]) -> None:
        """Encode a picture uint8 [H, W, 3] by both models, for the questions to come."""
        encoded = self.encode(image)
        if self.sam is not None:
            self.sam.encode(encoded.pixels, self.config.sam.side)

    def encode_batch(self, images: Sequence[NDArray[np.uint8]]) -> list[EncodedImage]:
        """See :class:`~car_video.segment.segmenter.ImageSegmenter`."""
        if self._kept is None:
            self._kept = Newest()
        encode = super().encode_batch
        return [
            self._kept.get(_digest(one), lambda one=one: encode([one])[0])  # type: ignore[misc]
            for one in images
        ]


def _digest(array: NDArray[Any]) -> bytes:
    """Of an array's shape and values."""
    held = np.ascontiguousarray(array)
    return blake2b(held.tobytes(), key=repr(held.shape).encode(), digest_size=16).digest()
