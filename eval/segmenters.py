"""What a benchmark asks of a model: masks of pictures and videos for sentences, timed.

A :class:`SegmentersSpec` is small and picklable; every worker builds the model from it once.
:mod:`model_segmenters` does so with the models of car_video, tests with one that finds colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from car_video.config import Config, SegmentConfig
from car_video.config.panoptic import PanopticConfig, Task
from car_video.text.vocabulary import Vocabulary
from car_video.types import Frame, FramePrediction, Instances, PanopticMap, SemanticMap

MODES = ("per-frame", "online", "offline")
"""Ways to segment a video, as in :class:`~car_video.config.VideoConfig`."""


@dataclass
class Clock:
    """How often the model segmented something, and the seconds it took (files not counted).

    Attributes:
        segmentations: runs of the model on one picture or frame: one for each set of
            expressions that it was given together.
        seconds: spent in them.
    """

    segmentations: int = 0
    seconds: float = 0.0

    def reset(self) -> None:
        """Start anew."""
        self.segmentations, self.seconds = 0, 0.0

    def add(self, seconds: float) -> None:
        """One more segmentation."""
        self.segmentations += 1
        self.seconds += seconds


class Segmenters(Protocol):
    """A loaded model that segments images and videos for any expressions.

    Attributes:
        clock: of this object; its user resets it.
        config: the preset; benchmarks change single values of it.
        device: the device it runs on, as the results name it.
    """

    clock: Clock
    config: Config
    device: str

    def image(
        self,
        image: NDArray[np.uint8],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> FramePrediction:
        """Segment one picture.

        Args:
            image: uint8 [H, W, 3], RGB.
            expressions: sentences or names, segmented together.
            config: another configuration than the preset's.
        """
        ...

    def labels(
        self,
        image: NDArray[np.uint8],
        vocabulary: Vocabulary,
        trained: Vocabulary,
        tasks: tuple[Task, ...],
        config: PanopticConfig,
    ) -> Mapping[Task, PanopticMap | SemanticMap | Instances]:
        """Segment one picture by a vocabulary.

        Args:
            image: uint8 [H, W, 3], RGB.
            vocabulary: the classes.
            trained: those that the model was trained with.
            tasks: what to make, in one pass.
            config: sizes and thresholds.

        Raises:
            ModelError: a model that cannot.
        """
        ...

    def video(
        self,
        frames: Iterable[Frame],
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> Iterator[FramePrediction]:
        """Segment a sequence from its first frame, one prediction per frame."""
        ...

    def follow(
        self,
        frames: Iterable[Frame],
        masks: Mapping[int, Mapping[int, NDArray[np.bool_]]],
    ) -> Iterator[NDArray[np.uint8]]:
        """Follow objects from given masks, without a sentence.

        Args:
            frames: in order, numbered from 0.
            masks: number of a frame -> number of an object -> bool [H, W].

        Returns:
            per frame uint8 [H, W]: the number of the object at each pixel.
        """
        ...


class SegmentersSpec(Protocol):
    """What it takes to load a model, here or in another process."""

    def build(self) -> Segmenters:
        """Load the model."""
        ...
