"""car-video with a segmenter that is quick and knows nothing; also as a program of its own.

``python -m tests.cli_fakes ARGUMENT...`` is ``car-video ARGUMENT...`` with that segmenter, a
frame every 50 ms.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from car_video import cli_run
from car_video.cli import main
from car_video.cli_plan import Plan
from car_video.types import Frame, FramePrediction


@dataclass
class FakeSegmenter:
    """The brighter half of each picture; the second expression only in every third frame.

    Attributes:
        seconds: that a frame takes.
        before: called with each frame first.
        seen: indices of the frames it was asked for.
    """

    expressions: tuple[str, ...]
    seconds: float = 0.0
    before: Callable[[Frame], object] | None = None
    seen: list[int] = field(default_factory=list)

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


if __name__ == "__main__":

    def load(plan: Plan) -> tuple[cli_run.Segmenter, list[str]]:
        return FakeSegmenter(plan.expressions, seconds=0.05), []

    cli_run.load_segmenter = load
    main(sys.argv[1:])
