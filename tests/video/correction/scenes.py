"""A red thing that moves, a green one that stands still; corrections say which is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from car_video.config import SegmentConfig
from car_video.config.video import VideoConfig
from car_video.corrections import Correction
from car_video.types import Frame, FramePrediction
from car_video.video.stream import segment_stream
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.conftest import WITH_SAM, iou, red_at

GREEN = (slice(40, 60), slice(60, 84))
GREEN_BOX = (60, 40, 24, 20)
RED = ["a red ball"]
COUNT = 12
FPS = 24


def index(number: int) -> int:
    """Of a frame of the scene in its source."""
    return 10 + 2 * number


def clip(count: int = COUNT, fps: int = FPS, **scene: int) -> list[Frame]:
    frames = [conftest.frame(n, **scene) for n in range(count)]  # type: ignore[arg-type]
    return [replace(frame, time=n / fps) for n, frame in enumerate(frames)]


def answers(
    frames: Sequence[Frame],
    corrections: Sequence[Correction] = (),
    names: Sequence[str] = RED,
    config: SegmentConfig = WITH_SAM,
    video: VideoConfig | None = None,
) -> list[FramePrediction]:
    stream = segment_stream(
        ColourModel(), frames, names, config, video, corrections=corrections
    )
    return [prediction for _, prediction in stream]


@cache
def uncorrected(
    names: tuple[str, ...], count: int = COUNT, fps: int = FPS
) -> tuple[FramePrediction, ...]:
    """Predictions of the scene as it is, made once; they are only read."""
    return tuple(answers(clip(count, fps), (), names))


def what(prediction: FramePrediction, number: int, query: int = 0) -> str:
    """What the mask of a frame of the scene is on."""
    mask = prediction.masks[query]
    if not mask.any():
        return "-"
    if iou(mask, red_at(number)) > 0.7:
        return "r"
    return "g" if iou(mask, GREEN) > 0.7 else "?"


def story(predictions: Sequence[FramePrediction], query: int = 0) -> str:
    """The same of all frames, a letter each."""
    return "".join(what(one, n, query) for n, one in enumerate(predictions))


def assert_same(one: FramePrediction, other: FramePrediction) -> None:
    np.testing.assert_array_equal(one.masks, other.masks)
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.present, other.present)
