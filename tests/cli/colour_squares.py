"""A real segmenter that sees colours, made where a worker runs, and one that dies there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np

from car_video.cli.request import Plan
from car_video.video.segmenter import VideoSegmenter
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import CONFIGS, frame

COUNT = 13
STARTS = (0, 4, 9)
"""Frames with which a scene begins."""
DEADLY = 6
"""A frame on which the first worker that sees it dies, where :data:`DEATHS` is no file yet."""
DEATHS = Path("a worker has died")


def picture(number: int) -> np.ndarray:
    """Two squares; one moves, the other comes and goes; the background tells the scenes."""
    scene = sum(number >= start for start in STARTS)
    return frame(number, green=number % 5 != 3, tint=100 if scene % 2 else -30).image


def load(plan: Plan) -> tuple[VideoSegmenter, list[str]]:
    way = "tracks" if plan.config.segment.refine == "sam" else "maps"
    video, sam = plan.config.video, ColourSam()
    made = VideoSegmenter(ColourModel(), plan.expressions, CONFIGS[way], video, mask_model=sam)
    return made, []


def load_deadly(plan: Plan) -> tuple[VideoSegmenter, list[str]]:
    """The same, but the process is killed on a frame, once."""
    segmenter, remarks = load(plan)
    real = segmenter.begin_frame

    def begin_frame(frame, colours):
        if frame.index == DEADLY and not DEATHS.exists():
            DEATHS.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return real(frame, colours)

    segmenter.begin_frame = begin_frame
    return segmenter, remarks
