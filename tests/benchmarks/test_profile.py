"""The profile: the waits that it counts, on a video of squares."""

from __future__ import annotations

import torch

from benchmarks.profile import Waits
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
