"""``roi: auto``: only the borders of masks of large frames change, in every mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from car_video.config import SegmentConfig
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.errors import ConfigError
from car_video.segment.refinement.full_resolution import sharpened
from car_video.types import Frame
from car_video.video.scheduling.levels import LADDER, at_level
from car_video.video.segmenter import VideoSegmenter
from car_video.video.stream import segment_stream
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import NAMES, WITH_SAM, frame

torch.set_num_threads(1)
OFF, AUTO = WITH_SAM, replace(WITH_SAM, roi="auto")
KEYFRAMES = KeyframeConfig(interval=0.1)


def frames(scale: int, count: int = 5) -> Iterator[Frame]:
    """The small clip, each pixel so many wide; the green square is not in its last frame."""
    for number in range(count):
        small = frame(number, green=number < count - 1)
        image = small.image.repeat(scale, 0).repeat(scale, 1)
        yield Frame(number, small.time, image)


@pytest.mark.parametrize("mode", ["online", "offline", "per-frame"])
def test_borders_change_and_nothing_else(colour_sam: ColourSam, mode: str) -> None:
    video = VideoConfig(mode=mode, keyframes=KEYFRAMES)
    off, auto = (
        list(segment_stream(ColourModel(), frames(11), NAMES, config, video))
        for config in (OFF, AUTO)
    )
    changed = False
    for (given, before), (_, after) in zip(off, auto, strict=True):
        assert (after.masks == sharpened(before.masks, given.image)).all()
        assert (after.present == before.present).all()
        assert (after.scores == before.scores).all()
        changed |= bool((after.masks != before.masks).any())
    assert changed
    assert not off[-1][1].present[1] or mode != "per-frame"


def test_small_frames_are_left_alone(colour_sam: ColourSam) -> None:
    answers = [
        list(segment_stream(ColourModel(), frames(8), NAMES, config)) for config in (OFF, AUTO)
    ]
    for (_, before), (_, after) in zip(*answers, strict=True):
        assert before.masks.any()
        assert (after.masks == before.masks).all()


def test_the_state_is_that_of_a_run_without(colour_sam: ColourSam) -> None:
    video = VideoConfig(keyframes=KEYFRAMES)
    segmenters = [VideoSegmenter(ColourModel(), NAMES, one, video) for one in (OFF, AUTO)]
    for given in frames(11, 3):
        for segmenter in segmenters:
            segmenter.step(given)
    before, after = (segmenter.state_dict() for segmenter in segmenters)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    segmenters[1].load_state_dict(before)


@pytest.mark.parametrize("refine", ["none", "crf"])
def test_only_masks_of_a_mask_model_are_coarse(refine: str) -> None:
    with pytest.raises(ConfigError, match=r"segment\.roi must be off unless refine is sam"):
        SegmentConfig(refine=refine, roi="auto")
    assert at_level(AUTO, VideoConfig(), LADDER[-1])[0].roi == "off"
    assert at_level(AUTO, VideoConfig(), LADDER[0])[0].roi == "auto"


def test_pictures_may_be_read_only(colour_sam: ColourSam) -> None:
    (given,) = frames(11, 1)
    given.image.flags.writeable = False
    found = VideoSegmenter(ColourModel(), NAMES, AUTO).step(given)
    assert found.masks.dtype == np.bool_
    assert found.masks[0].any()
