"""The models of car_video as :class:`~.segmenters.Segmenters`, through the public API."""

from __future__ import annotations

import dataclasses
import importlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from car_video.config import Config, SegmentConfig, VideoConfig
from car_video.config.panoptic import PanopticConfig, Task
from car_video.errors import ConfigError
from car_video.text.vocabulary import Vocabulary
from car_video.types import Frame, FramePrediction, Instances, PanopticMap, SemanticMap

from .segmenters import MODES, Clock, SegmentersSpec

T = TypeVar("T")


@dataclass(frozen=True)
class ModelSpec:
    """A model of car_video by name with its configuration.

    Attributes:
        model: name for ``load_model``.
        config: preset.
        mode: ``per-frame`` (each frame on its own), ``online`` or ``offline``.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
    """

    model: str
    config: Config
    mode: str = "per-frame"
    device: str = "auto"

    def build(self) -> ModelSegmenters:
        return ModelSegmenters(self)


class KeptEmbedding:
    """A mask model that keeps the embedding of the last picture.

    Stands in for the segmenter's own mask model; a picture is known by its tensor.
    """

    def __init__(self, sam: Any) -> None:
        self._sam = sam
        self._last: tuple[Any, int, Any] | None = None

    def encode(self, pixels: Any, side: int) -> Any:
        """As the mask model's own, but for the picture that came last."""
        if self._last is None or self._last[0] is not pixels or self._last[1] != side:
            self._last = None  # let go of the old one before the new one takes memory
            self._last = (pixels, side, self._sam.encode(pixels, side))
        return self._last[2]

    def with_encoder(self, encoder: Any) -> KeptEmbedding:
        """The same of the mask model with another image encoder."""
        return KeptEmbedding(self._sam.with_encoder(encoder))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sam, name)


@dataclass
class LastPicture:
    """The encodings of the picture that was segmented last.

    Many sentences speak of one picture; it is encoded once for all of them.

    Attributes:
        image: the array itself; another array is another picture.
        encodings: one per set of proposal and classifier settings and back end.
    """

    image: NDArray[np.uint8] | None = None
    encodings: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def encoded(self, segmenter: Any, config: SegmentConfig, image: NDArray[np.uint8]) -> Any:
        """The picture as the segmenter encodes it, made anew only where it must be."""
        if image is not self.image:
            self.image, self.encodings = image, {}
        key = config.proposal, config.classifier, config.backend
        if key not in self.encodings:
            self.encodings[key] = segmenter.encode(image)
        return self.encodings[key]


@dataclass
class ModelSegmenters:
    """A loaded model; keeps one image segmenter per configuration, with the expressions that
    it was given last, and the encoding of the last picture."""

    spec: ModelSpec
    clock: Clock = field(default_factory=Clock)
    _kept: dict[SegmentConfig, tuple[tuple[str, ...], Any]] = field(default_factory=dict)
    _picture: LastPicture = field(default_factory=LastPicture)
    _sams: dict[str, KeptEmbedding] = field(default_factory=dict)
    _by_labels: tuple[Any, Any] | None = None

    def __post_init__(self) -> None:
        if self.spec.mode not in MODES:
            raise ConfigError(f"unknown mode '{self.spec.mode}'; use {', '.join(MODES)}")
        self.model = _api().load_model(self.spec.model, device=self.spec.device)
        self.config = self.spec.config
        self.device = device_name(self.model)

    def image(
        self,
        image: NDArray[np.uint8],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> FramePrediction:
        config = config or self.config.segment
        segmenter = self._image_segmenter(tuple(expressions), config)
        started = time.perf_counter()
        encoded = self._picture.encoded(segmenter, config, image)
        prediction: FramePrediction = segmenter.segment_encoded(encoded)
        self.clock.add(time.perf_counter() - started)
        return prediction

    def labels(
        self,
        image: NDArray[np.uint8],
        vocabulary: Vocabulary,
        trained: Vocabulary,
        tasks: tuple[Task, ...],
        config: PanopticConfig,
    ) -> Mapping[Task, PanopticMap | SemanticMap | Instances]:
        key = vocabulary, trained, config
        if self._by_labels is None or self._by_labels[0] != key:
            made = _api().PanopticSegmenter(self.model, vocabulary, config, trained)
            self._by_labels = key, made
        started = time.perf_counter()
        found: Mapping[Task, PanopticMap | SemanticMap | Instances]
        found = self._by_labels[1].segment(image, tasks)
        self.clock.add(time.perf_counter() - started)
        return found

    def video(
        self,
        frames: Iterable[Frame],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> Iterator[FramePrediction]:
        config = config or self.config.segment
        if config not in self._kept:  # holds the mask model, which is shared while it is in use
            self._image_segmenter(tuple(expressions), config)
        video = self._video()
        waiting = _Untimed(frames)
        answers = _api().segment_stream(self.model, waiting, list(expressions), config, video)
        return (answer for _, answer in self._timed(answers, waiting))

    def follow(
        self,
        frames: Iterable[Frame],
        masks: Mapping[int, Mapping[int, NDArray[np.bool_]]],
    ) -> Iterator[NDArray[np.uint8]]:
        waiting = _Untimed(frames)
        answers = _api().follow_masks(
            self.model, waiting, masks, self.config.segment, self.config.video
        )
        return (answer for _, answer in self._timed(answers, waiting))

    def _video(self) -> VideoConfig:
        """Settings of the video algorithm, in the mode of the spec."""
        mode = cast(Any, self.spec.mode)  # one of MODES
        return dataclasses.replace(self.config.video, mode=mode)

    def _timed(self, answers: Iterator[T], waiting: _Untimed) -> Iterator[T]:
        """The answers; the clock counts what they took, less what their frames took to come."""
        while True:
            started = time.perf_counter()
            answer = next(answers, None)
            self.clock.seconds += time.perf_counter() - started - waiting.take()
            if answer is None:
                return
            self.clock.segmentations += 1
            yield answer

    def _image_segmenter(self, expressions: tuple[str, ...], config: SegmentConfig) -> Any:
        if config not in self._kept:
            name = config.sam.model
            segmenter = _api().ImageSegmenter(
                self.model, list(expressions), config, sam=self._sams.get(name)
            )
            if segmenter.sam is not None and name not in self._sams:
                segmenter.sam = self._sams[name] = KeptEmbedding(segmenter.sam)
        else:
            known, segmenter = self._kept[config]
            if known != expressions:
                segmenter.set_expressions(list(expressions))
        self._kept[config] = (expressions, segmenter)
        return segmenter


class _Untimed:
    """Frames that pass through, and how long they took to come."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._frames = frames
        self._seconds = 0.0

    def take(self) -> float:
        """Seconds spent since the last call."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def __iter__(self) -> Iterator[Frame]:
        frames = iter(self._frames)
        while True:
            started = time.perf_counter()
            frame = next(frames, None)
            self._seconds += time.perf_counter() - started
            if frame is None:
                return
            yield frame


def _api() -> Any:
    """car_video, imported when a model is wanted: scoring never needs torch."""
    return importlib.import_module("car_video")


def device_name(model: Any) -> str:
    """The device of a loaded model, ``cpu`` or for instance ``cuda:0 (NVIDIA L4)``."""
    device = model.device
    if device.type != "cuda":
        return str(device)
    torch = importlib.import_module("torch")
    return f"{device} ({torch.cuda.get_device_name(device)})"


def make_spec(
    model: str, config: Config, mode: str, device: str, by_labels: bool = False
) -> SegmentersSpec:
    """The spec that the command line uses; a seam for tests.

    Raises:
        ModelError: no such model, it is not here, or it cannot segment by labels if it has to.
    """
    _api().check_model(model, "labels" if by_labels else "expressions")
    return ModelSpec(model, config, mode, device)


def config_data(config: Config) -> dict[str, Any]:
    """A configuration as plain data, for comparing and recording runs."""
    return dataclasses.asdict(config)
