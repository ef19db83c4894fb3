"""The profile: what it counts and times, on a video of squares."""

from __future__ import annotations

import time

import pytest
import torch

from benchmarks.profile import Stopwatch, Waits
from car_video import VideoSegmenter
from car_video.config.video import KeyframeConfig, VideoConfig
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import NAMES, WITH_SAM, frame

KEYFRAME = 26
"""Waits on a frame that language sees, for two expressions, at most."""
BETWEEN = 8
"""The same on a frame between keyframes."""


def test_waits_are_counted() -> None:
    values = torch.arange(4)
    with Waits() as waits:
        values + 1
        assert waits.count == 0
        values.sum().item()
        bool(values.any())
        values[values > 1]
        values[values > 1] = 0
        values.nonzero()
        values.cpu()
    assert waits.count == 6


def test_a_frame_waits_rarely_for_the_device() -> None:
    """Each wait empties the queue of a GPU, which then stands still."""
    video = VideoConfig(keyframes=KeyframeConfig(interval=0.125, doubt=0.0))
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, video, mask_model=ColourSam())
    counts: dict[bool, list[int]] = {True: [], False: []}
    for number in range(7):
        with Waits() as waits:
            prediction = segmenter.step(frame(number))
        counts[segmenter.schedule.frames == 0].append(waits.count)
        assert prediction.present.all()
    assert len(counts[True]) == 3
    assert max(counts[True][1:]) <= KEYFRAME
    assert max(counts[False]) <= BETWEEN


def test_a_part_does_not_hold_the_time_of_parts_inside_it() -> None:
    stopwatch = Stopwatch()

    def work(seconds: float) -> None:
        began = time.process_time()
        while time.process_time() - began < seconds:
            pass

    with stopwatch.part("outer"):
        work(0.02)
        with stopwatch.part("inner"):
            work(0.06)
    assert stopwatch.seconds["inner"] == pytest.approx(0.06, abs=0.01)
    assert stopwatch.seconds["outer"] == pytest.approx(0.02, abs=0.01)
