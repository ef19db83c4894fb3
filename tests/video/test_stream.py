"""Frames in, frames with predictions out: order, laziness and modes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from car_video.config.video import VideoConfig
from car_video.types import Frame
from car_video.video.segmenter import VideoSegmenter
from car_video.video.stream import segment_stream
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.conftest import CONFIGS, NAMES, PLAIN, iou, red_at

pytestmark = pytest.mark.usefixtures("colour_sam")
MODES = ["per-frame", "online", "offline"]


@pytest.mark.parametrize("kind", list(CONFIGS))
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_answers_every_frame(mode: str, kind: str) -> None:
    frames = [conftest.frame(n) for n in range(7)]
    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    found = list(segment_stream(ColourModel(), iter(frames), NAMES, CONFIGS[kind], video))
    assert [given_frame for given_frame, _ in found] == frames
    for number, (given_frame, prediction) in enumerate(found):
        assert (prediction.index, prediction.time) == (given_frame.index, given_frame.time)
        assert prediction.expressions == tuple(NAMES)
        assert iou(prediction.masks[0], red_at(number)) > 0.7


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_stream(mode: str) -> None:
    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    assert list(segment_stream(ColourModel(), [], NAMES, PLAIN, video)) == []


@pytest.mark.parametrize("mode", ["per-frame", "online"])
def test_a_frame_is_answered_before_the_next_is_asked_for(mode: str) -> None:
    pulled = 0

    def camera() -> Iterator[Frame]:
        nonlocal pulled
        while True:
            pulled += 1
            yield conftest.frame(pulled)

    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    stream = segment_stream(ColourModel(), camera(), NAMES, PLAIN, video)
    for answered in range(1, 6):
        next(stream)
        assert pulled == answered


@pytest.mark.parametrize("kind", list(CONFIGS))
def test_online_is_the_segmenter_step_by_step(kind: str) -> None:
    frames = [conftest.frame(n, red=n != 3) for n in range(6)]
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIGS[kind])
    for given_frame, prediction in segment_stream(
        ColourModel(), frames, NAMES, CONFIGS[kind]
    ):  # online is the default
        alone = segmenter.step(given_frame)
        np.testing.assert_array_equal(prediction.masks, alone.masks)
        np.testing.assert_array_equal(prediction.scores, alone.scores)


def test_the_same_clip_gives_the_same_masks() -> None:
    frames = [conftest.frame(n) for n in range(5)]
    one, other = (
        list(segment_stream(ColourModel(), frames, NAMES, CONFIGS["tracks"])) for _ in "ab"
    )
    for (_, a), (_, b) in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.masks, b.masks)
