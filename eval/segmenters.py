"""How benchmarks get masks: the public API of car_video, timed.

A :class:`SegmenterSpec` is small and picklable; every worker builds the model from it once.
Tests pass a spec of their own.
"""

from __future__ import annotations

import dataclasses
import importlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from car_video.config import Config, SegmentConfig
from car_video.config.video import VideoMode
from car_video.errors import ConfigError
from car_video.types import Frame, FramePrediction

MODES = ("per-frame", "online", "offline")


class Segmenters(Protocol):
    """A loaded model that segments images and videos for any expressions."""

    clock: Clock
    config: Config

    def image(
        self,
        image: NDArray[np.uint8],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> FramePrediction:
        """Segment one picture, with the preset's configuration or another one."""
        ...

    def video(
        self,
        frames: Iterable[Frame],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> Iterator[FramePrediction]:
        """Segment a sequence from its first frame, one prediction per frame."""
        ...


class SegmentersSpec(Protocol):
    """What it takes to load a model in another process."""

    def build(self) -> Segmenters:
        """Load the model."""
        ...


@dataclass
class Clock:
    """Frames segmented and seconds spent in the segmenter (files not counted)."""

    frames: int = 0
    seconds: float = 0.0

    def reset(self) -> None:
        self.frames, self.seconds = 0, 0.0

    def add(self, seconds: float) -> None:
        """One more frame."""
        self.frames += 1
        self.seconds += seconds


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


class SamOnce:
    """The mask refiner, with the embedding of the last picture kept.

    Stands in for the segmenter's own refiner; a picture is known by its tensor.
    """

    def __init__(self, sam: Any) -> None:
        self._sam = sam
        self._last: tuple[Any, int, Any] | None = None

    def encode(self, pixels: Any, side: int) -> Any:
        """As the refiner's own, but for the picture that came last."""
        if self._last is None or self._last[0] is not pixels or self._last[1] != side:
            self._last = None  # let go of the old one before the new one takes memory
            self._last = (pixels, side, self._sam.encode(pixels, side))
        return self._last[2]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sam, name)


@dataclass
class LastPicture:
    """The picture that was segmented last, as the parts of the algorithm see it.

    Many sentences speak of one picture; it is encoded once for all of them.

    Attributes:
        image: the array itself; another array is another picture.
        views: one per pair of proposal and classifier settings.
    """

    image: NDArray[np.uint8] | None = None
    views: dict[tuple[Any, Any], Any] = field(default_factory=dict)

    def look(self, segmenter: Any, config: SegmentConfig, image: NDArray[np.uint8]) -> Any:
        """What ``segmenter.encode(image)`` gives, made anew only where it must be."""
        if image is not self.image:
            self.image, self.views = image, {}
        key = config.proposal, config.classifier
        if key not in self.views:
            self.views[key] = segmenter.encode(image)
        return self.views[key]


@dataclass
class ModelSegmenters:
    """The real thing; keeps one image segmenter per configuration, with its last words, and
    the encoding of the last picture."""

    spec: ModelSpec
    clock: Clock = field(default_factory=Clock)
    _kept: dict[SegmentConfig, tuple[tuple[str, ...], Any]] = field(default_factory=dict)
    _picture: LastPicture = field(default_factory=LastPicture)
    _sams: dict[str, SamOnce] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.spec.mode not in MODES:
            raise ConfigError(f"unknown mode '{self.spec.mode}'; use {', '.join(MODES)}")
        self.model = _api().load_model(self.spec.model, device=self.spec.device)
        self.config = self.spec.config

    def image(
        self,
        image: NDArray[np.uint8],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> FramePrediction:
        config = config or self.config.segment
        segmenter = self._image_segmenter(tuple(expressions), config)
        started = time.perf_counter()
        view = self._picture.look(segmenter, config, image)
        prediction: FramePrediction = segmenter.segment_encoded(view)
        self.clock.add(time.perf_counter() - started)
        return prediction

    def video(
        self,
        frames: Iterable[Frame],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> Iterator[FramePrediction]:
        mode = cast("VideoMode", self.spec.mode)
        video = dataclasses.replace(self.config.video, mode=mode)
        waiting = _Untimed(frames)
        answers = _api().segment_stream(
            self.model, waiting, list(expressions), config or self.config.segment, video
        )
        while True:
            started = time.perf_counter()
            answer = next(answers, None)
            self.clock.seconds += time.perf_counter() - started - waiting.take()
            if answer is None:
                return
            self.clock.frames += 1
            yield answer[1]

    def _image_segmenter(self, expressions: tuple[str, ...], config: SegmentConfig) -> Any:
        if config not in self._kept:
            name = config.sam.model
            segmenter = _api().ImageSegmenter(
                self.model, list(expressions), config, sam=self._sams.get(name)
            )
            if segmenter.sam is not None and name not in self._sams:
                segmenter.sam = self._sams[name] = SamOnce(segmenter.sam)
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


def make_spec(model: str, config: Config, mode: str, device: str) -> SegmentersSpec:
    """The spec that the command line uses; a seam for tests."""
    return ModelSpec(model, config, mode, device)


def config_data(config: Config) -> dict[str, Any]:
    """A configuration as plain data, for comparing and recording runs."""
    return dataclasses.asdict(config)
