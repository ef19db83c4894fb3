"""Many configurations on the same pictures: each picture is encoded once for all of them.

What a picture's encoding depends on is the size that the encoder sees and nothing else of the
algorithm: rows of an ablation that differ in thresholds, texts or classifiers share it. Texts
are encoded once, too.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from car_video.eval.segmenters import Clock
from numpy.typing import NDArray
from torch import Tensor

from car_video import ImageSegmenter
from car_video.config import Config, SegmentConfig
from car_video.models.pair import ModelPair
from car_video.models.sam.base import TRAINED_SIDE, MaskEmbedding, MaskModel
from car_video.segment.reference.settings import with_values
from car_video.types import Frame, FramePrediction

Key = tuple[Any, ...]


@dataclass
class Encodings:
    """What has been encoded of the pictures at hand, and how long each took.

    Attributes:
        spared: CPU seconds that the hits since the last look would have taken.
    """

    spared: float = 0.0
    _kept: dict[Key, tuple[Any, float]] = field(default_factory=dict)

    def get(self, key: Key, make: Callable[[], Any]) -> Any:
        """What ``make`` gave for this key, made at the first call."""
        if key in self._kept:
            self.spared += self._kept[key][1]
        else:
            began = time.process_time()
            made = make()
            self._kept[key] = made, time.process_time() - began
        return self._kept[key][0]

    def forget(self) -> None:
        """Let go of everything; the pictures that come next are others."""
        self._kept.clear()


def remember_texts(model: ModelPair) -> None:
    """From now on the model's text encoders answer what they have answered before."""
    for half in {id(half): half for half in (model.proposer, model.classifier)}.values():
        encode: Callable[[Sequence[str]], Tensor] = half.encode_text
        half.encode_text = _remembering(encode)  # type: ignore[assignment, method-assign]


def _remembering(
    encode: Callable[[Sequence[str]], Tensor],
) -> Callable[[Sequence[str]], Tensor]:
    known: dict[str, Tensor] = {}

    def answer(texts: Sequence[str]) -> Tensor:
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known.update(zip(new, encode(new).unbind(), strict=True))
        return torch.stack([known[text] for text in texts]) if texts else encode(texts)

    return answer


class SharedSam:
    """A mask model, with embeddings kept; stands in for the segmenter's own."""

    def __init__(self, sam: MaskModel, name: str, encodings: Encodings) -> None:
        self._sam, self._name, self._encodings = sam, name, encodings

    def encode(
        self, pixels: Tensor, side: int = TRAINED_SIDE, shape: tuple[int, int] | None = None
    ) -> MaskEmbedding:
        """As the model's own."""
        key = "sam", self._name, _digest(pixels.cpu().numpy()), side, shape
        embedding: MaskEmbedding = self._encodings.get(
            key, lambda: self._sam.encode(pixels, side, shape)
        )
        return embedding

    def encode_each(
        self,
        pixels: Sequence[Tensor],
        side: int = TRAINED_SIDE,
        shape: tuple[int, int] | None = None,
    ) -> list[MaskEmbedding]:
        """As the model's own, picture by picture."""
        return [self.encode(picture, side, shape) for picture in pixels]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sam, name)


@dataclass
class SharingSegmenters:
    """One configuration behind the protocol of ``car_video.eval``, frame by frame.

    Attributes:
        model: shared by all configurations.
        encodings: the same.
        config: a preset.
        overrides: dotted keys of :class:`SegmentConfig` and values, which hold whatever the
            preset and the benchmark say.
        clock: CPU seconds of the segmenter as if it had encoded every picture itself.
        device: that of the model.
    """

    model: ModelPair
    encodings: Encodings
    config: Config
    overrides: Mapping[str, Any]
    clock: Clock = field(default_factory=Clock)
    _kept: dict[SegmentConfig, tuple[tuple[str, ...], ImageSegmenter]] = field(
        default_factory=dict
    )

    @property
    def device(self) -> str:
        return str(self.model.device)

    def image(
        self,
        image: NDArray[np.uint8],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> FramePrediction:
        """Segment one picture."""
        wanted = with_values(config or self.config.segment, self.overrides)
        segmenter = self._segmenter(tuple(expressions), wanted)
        self.encodings.spared, began = 0.0, time.process_time()
        proposal, classifier = segmenter.config.proposal, segmenter.config.classifier
        pools = classifier is not None and classifier.pooled_weight > 0
        key = "view", _digest(image), proposal.size, proposal.resize, pools
        view = self.encodings.get(key, lambda: segmenter.encode(image))
        prediction = segmenter.segment_encoded(view)
        self.clock.add(time.process_time() - began + self.encodings.spared)
        return prediction

    def video(
        self,
        frames: Iterable[Frame],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> Iterator[FramePrediction]:
        """Segment a sequence, each frame on its own."""
        for frame in frames:
            yield self.image(frame.image, expressions, config)

    def _segmenter(self, expressions: tuple[str, ...], config: SegmentConfig) -> ImageSegmenter:
        if config not in self._kept:
            made = ImageSegmenter(self.model, list(expressions), config)
            if made.sam is not None:
                sam: Any = SharedSam(made.sam, config.sam.model, self.encodings)
                made.sam = sam
            self._kept[config] = expressions, made
        known, segmenter = self._kept[config]
        if known != expressions:
            segmenter.set_expressions(list(expressions))
            self._kept[config] = expressions, segmenter
        return segmenter


def _digest(values: NDArray[Any]) -> bytes:
    """Of content and shape: two crops of one colour differ in shape alone."""
    content = hashlib.blake2b(np.ascontiguousarray(values).data, digest_size=16)
    content.update(repr((values.shape, values.dtype.str)).encode())
    return content.digest()
