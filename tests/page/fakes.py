"""The page with models that are quick and know nothing: the brighter half of each picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from car_video.page.engine import Engine
from car_video.page.work import RunSettings
from car_video.types import Frame, FramePrediction
from tests.cli.fakes import FakeSegmenter


class FakeImageSegmenter:
    """Answers for single frames, as :class:`tests.cli.fakes.FakeSegmenter` has them.

    Args:
        expressions: that are looked for.
        sam: answers clicks and boxes.

    Attributes:
        asked: indices of the frames that a model was asked about.
        prepared: how many pictures were encoded before anything was asked.
    """

    def __init__(self, expressions: Sequence[str], sam: Any = None) -> None:
        self.asked: list[int] = []
        self.prepared, self.sam = 0, sam
        self.set_expressions(expressions)

    def set_expressions(self, expressions: Sequence[str]) -> None:
        self.expressions = tuple(expressions)
        self.queries = SimpleNamespace(parts=[(n,) for n in range(len(self.expressions))])

    def encode(self, image: np.ndarray) -> np.ndarray:
        return image

    def prepare(self, image: np.ndarray) -> None:
        self.prepared += 1

    def segment_encoded(self, image: np.ndarray, index: int, time: float) -> FramePrediction:
        self.asked.append(index)
        return FakeSegmenter(self.expressions).step(Frame(index, time, image))


class FakeEngine(Engine):
    """Models that need no loading.

    Args:
        before: see below.
        sam: answers clicks and boxes; without one they are refused.

    Attributes:
        before: called with every frame of a run first.
        images: segmenters of single frames that were made.
        asked_with: settings of the segmenters that were made, of single frames and of runs.
    """

    def __init__(
        self, before: Callable[[Frame], object] | None = None, sam: Any = None
    ) -> None:
        super().__init__()
        self.before, self.sam = before, sam
        self.images: list[FakeImageSegmenter] = []
        self.runs: list[FakeSegmenter] = []
        self.asked_with: list[RunSettings] = []

    def load(self) -> None:
        """Nothing to load."""

    @property
    def loaded(self) -> bool:
        return True

    def image_segmenter(self, expressions: Sequence[str], settings: RunSettings) -> Any:
        self.asked_with.append(settings)
        self.images.append(FakeImageSegmenter(expressions, self.sam))
        return self.images[-1]

    def video_segmenter(
        self, expressions: Sequence[str], settings: RunSettings, single: bool
    ) -> Any:
        self.asked_with.append(settings)
        self.runs.append(FakeSegmenter(tuple(expressions), before=self.before))
        return self.runs[-1]

    def corrector(self, image: Any, settings: RunSettings, single: bool) -> Any:
        """Corrections hold for their own frames alone: there is no mask model."""
        from car_video.video.correction.corrector import Corrector

        config = self.config(settings, single)
        return Corrector(SimpleNamespace(sam=None, config=config.segment), config.video)  # type: ignore[arg-type]


class Gate:
    """Lets frames of a run through one by one."""

    def __init__(self) -> None:
        self._pass = threading.Semaphore(0)
        self.reached = threading.Semaphore(0)

    def __call__(self, frame: Frame) -> None:
        self.reached.release()
        assert self._pass.acquire(timeout=10)

    def open(self, frames: int = 1) -> None:
        """Let so many through."""
        self._pass.release(frames)
