"""car-video with a segmenter that is quick and knows nothing; also as a program of its own.

``python -m tests.cli.fakes ARGUMENT...`` is ``car-video ARGUMENT...`` with that segmenter, a
frame every 50 ms.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from car_video.cli import run as run_module
from car_video.cli.app import main
from car_video.cli.request import Plan
from car_video.config.video import VideoConfig
from car_video.types import Frame, FramePrediction
from car_video.video.arguments import FrameCounter

COUNT = 12
"""Frames of the clip that most tests run on."""

ASKED = ("--expr", "a dog", "--expr", "the cat")


@dataclass
class FakeSegmenter:
    """The brighter half of each picture; the second expression only in every third frame.

    Attributes:
        seconds: that a frame takes.
        before: called with each frame first.
        video: it has no memory.
        seen: indices of the frames it was asked for.
        counter: numbers arrays.
    """

    expressions: tuple[str, ...]
    seconds: float = 0.0
    before: Callable[[Frame], object] | None = None
    video: VideoConfig = field(default_factory=lambda: VideoConfig(mode="per-frame"))
    seen: list[int] = field(default_factory=list)
    counter: FrameCounter = field(default_factory=lambda: FrameCounter(25.0))

    def set_expressions(self, expressions: Sequence[str]) -> None:
        self.expressions = tuple(expressions)

    def step(self, frame: Frame) -> FramePrediction:
        if self.before is not None:
            self.before(frame)
        time.sleep(self.seconds)
        self.seen.append(frame.index)
        grey = frame.image.mean(2)
        count = len(self.expressions)
        masks = np.repeat((grey >= np.median(grey))[None], count, 0)
        present = np.ones(count, bool)
        present[1:] = frame.index % 3 == 0
        masks[~present] = False
        scores = np.linspace(0.9, 0.6, count).astype(np.float32)
        return FramePrediction(
            frame.index, frame.time, self.expressions, masks, scores * present, present
        )


class Loader:
    """Stands for the loading of a model.

    Attributes:
        made: segmenters, one per run that came so far.
        before: what they call with each frame first.
    """

    def __init__(self) -> None:
        self.made: list[FakeSegmenter] = []
        self.before: Callable[[Frame], object] | None = None

    def __call__(self, plan):
        self.made.append(FakeSegmenter(plan.expressions, before=self.before))
        return self.made[-1], []


def results(folder: Path) -> dict:
    return json.loads((folder / "predictions.json").read_text())


def indices(folder: Path) -> list[int]:
    return [frame["index"] for frame in results(folder)["frames"]]


def visible(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))


if __name__ == "__main__":

    def load(plan: Plan) -> tuple[FakeSegmenter, list[str]]:
        return FakeSegmenter(plan.expressions, seconds=0.05), []

    run_module.load_segmenter = load
    main(sys.argv[1:])
