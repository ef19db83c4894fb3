"""Other things that an expression may mean, for "no, the other one"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from car_video.config.video import VideoConfig
from car_video.corrections import Correction
from car_video.errors import ConfigError
from car_video.types import Frame
from car_video.video.correction.alternatives import distinct
from car_video.video.segmenter import VideoSegmenter
from car_video.video.stream import segment_stream
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.conftest import NAMES, PLAIN, SIZE, WITH_SAM, iou, red_at
from tests.video.correction.scenes import GREEN, GREEN_BOX, RED, assert_same, clip, index

pytestmark = pytest.mark.usefixtures("colour_sam")


MANY = replace(WITH_SAM, sam=replace(WITH_SAM.sam, points=8))
"""Three points lie on the redder thing alone."""


def two_red_things(number: int) -> Frame:
    frame = conftest.frame(number)
    frame.image[GREEN] = (255, 70, 70)
    return frame


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_the_other_one_is_in_reach(mode: str) -> None:
    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    frames = [two_red_things(n) for n in range(3)]
    stream = segment_stream(ColourModel(), frames, RED, MANY, video, alternatives=2)
    for number, (_, prediction) in enumerate(stream):
        things = [red_at(number), GREEN]
        things.sort(key=lambda place: iou(prediction.masks[0], place))
        assert iou(prediction.masks[0], things[1]) > 0.7
        (found,) = prediction.alternatives
        assert 1 <= len(found) <= 2
        assert max(iou(one.mask, things[0]) for one in found) > 0.7
        for one in found:
            assert one.mask.shape == SIZE
            assert 0 <= one.score <= 1
            assert iou(one.mask, things[1]) < 0.5
        assert [one.score for one in found] == sorted((o.score for o in found), reverse=True)


def test_one_is_a_correction() -> None:
    segmenter = VideoSegmenter(ColourModel(), RED, MANY, alternatives=3)
    ((other, *_),) = segmenter.step(two_red_things(0)).alternatives
    corrected = segmenter.correct(Correction(index(0), 0, mask=other.mask))
    assert corrected is not None
    np.testing.assert_array_equal(corrected.masks[0], other.mask)
    assert corrected.alternatives == ((),)  # those were of the mask before


def test_they_change_nothing_else() -> None:
    plain = VideoSegmenter(ColourModel(), NAMES, WITH_SAM)
    other = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, alternatives=2)
    for frame in clip(5):
        one = plain.step(frame)
        assert one.alternatives == ((), ())
        assert_same(one, other.step(frame))


def test_without_a_mask_model_there_are_none() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, PLAIN, alternatives=2)
    assert segmenter.step(clip(1)[0]).alternatives == ((), ())


@pytest.mark.parametrize("count", [-1, 1.5, True, "2", None])
def test_counts_that_are_none(count: Any) -> None:
    with pytest.raises(ConfigError, match="alternatives must be a whole number from 0"):
        VideoSegmenter(ColourModel(), NAMES, PLAIN, alternatives=count)
    with pytest.raises(ConfigError, match="alternatives must be a whole number from 0"):
        segment_stream(ColourModel(), [], NAMES, PLAIN, alternatives=count)


def test_the_best_of_different_things() -> None:
    def mask(left: int) -> torch.Tensor:
        logits = torch.full((20, 60), -5.0)
        logits[5:15, left : left + 10] = 5
        return logits

    nothing = torch.full((20, 60), -5.0)
    logits = torch.stack([mask(0), mask(20), mask(21), mask(40), nothing])
    score = torch.tensor([0.9, 0.5, 0.6, 0.4, 1.0])
    assert distinct(logits, score, mask(0), 5) == [2, 3]
    assert distinct(logits, score, nothing, 5) == [0, 2, 3]
    assert distinct(logits, score, nothing, 2) == [0, 2]
    whole = torch.full((20, 60), 5.0)
    assert distinct(logits, score, whole, 5) == []


def test_the_box_of_the_scene() -> None:
    x, y, wide, high = GREEN_BOX
    assert (slice(y, y + high), slice(x, x + wide)) == GREEN
