"""The streaming entry: frames in, predictions of the same number and time out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from car_video.config import ExpressionConfig, ProposalConfig, SegmentConfig
from car_video.errors import ExpressionError
from car_video.segment.image import ImageSegmenter
from car_video.types import Frame
from car_video.video.segmenter import VideoSegmenter
from tests.segment.colour_model import ColourModel

CONFIG = SegmentConfig(
    refine="none",
    background=("sky",),
    proposal=ProposalConfig(size=96, affinity=False),
    expression=ExpressionConfig(noun_weight=0.0),
)
NAMES = ["a red ball", "a green frog"]


def frame(number: int, *, red: bool = True) -> Frame:
    """A red square that moves 8 pixels a frame; every third frame a green one as well."""
    image = np.full((64, 96, 3), 128, np.uint8)
    if red:
        image[8:32, 8 * number : 8 * number + 24] = (255, 0, 0)
    if number % 3 == 0:
        image[40:60, 60:84] = (0, 255, 0)
    return Frame(10 + 2 * number, number / 12.5, image)


def test_each_frame_is_answered_in_turn() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIG)
    for number in range(6):
        given = frame(number)
        found = segmenter.step(given)
        assert (found.index, found.time) == (given.index, given.time)
        assert found.expressions == tuple(NAMES)
        assert found.masks.shape == (2, given.height, given.width)
        assert found.present.tolist() == [True, number % 3 == 0]
        truth = (given.image == (255, 0, 0)).all(-1)
        assert (found.masks[0] & truth).sum() / (found.masks[0] | truth).sum() > 0.85


def test_a_target_may_leave_and_come_back() -> None:
    segmenter = VideoSegmenter(ColourModel(), ["a red ball"], CONFIG)
    seen = [segmenter.step(frame(n, red=n not in (2, 3))) for n in range(5)]
    assert [bool(p.present[0]) for p in seen] == [True, True, False, False, True]
    assert [bool(p.masks.any()) for p in seen] == [True, True, False, False, True]


def test_the_first_frame_is_that_of_the_image_segmenter() -> None:
    given = frame(0)
    image = ImageSegmenter(ColourModel(), NAMES, CONFIG).segment(given.image)
    video = VideoSegmenter(ColourModel(), NAMES, CONFIG).step(given)
    np.testing.assert_array_equal(video.masks, image.masks)
    np.testing.assert_array_equal(video.scores, image.scores)


def test_after_a_reset_a_stream_is_a_new_one() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIG)
    before = [segmenter.step(frame(n)) for n in range(3)]
    segmenter.reset()
    after = [segmenter.step(frame(n)) for n in range(3)]
    for first, second in zip(before, after, strict=True):
        np.testing.assert_array_equal(first.masks, second.masks)
        np.testing.assert_array_equal(first.scores, second.scores)


def test_frames_may_change_their_size() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIG)
    for shape in ((64, 96), (1, 1), (96, 64), (16, 16), (64, 96)):
        found = segmenter.step(Frame(0, 0.0, np.zeros((*shape, 3), np.uint8)))
        assert found.masks.shape == (2, *shape)
        assert not found.present.any()


def test_other_expressions_from_the_next_frame_on() -> None:
    segmenter = VideoSegmenter(ColourModel(), ["a red ball"], CONFIG)
    first = segmenter.step(frame(0))
    segmenter.set_expressions(["a green frog"])
    second = segmenter.step(frame(0))
    assert (first.expressions, second.expressions) == (("a red ball",), ("a green frog",))
    assert not (first.masks & second.masks).any()
    assert second.present.all()


@pytest.mark.parametrize("names", [[], [""], ["a dog", "  "]])
def test_expressions_that_say_nothing(names: list[str]) -> None:
    with pytest.raises(ExpressionError):
        VideoSegmenter(ColourModel(), names, CONFIG)
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIG)
    with pytest.raises(ExpressionError):
        segmenter.set_expressions(names)
    assert segmenter.step(frame(0)).expressions == tuple(NAMES)


def test_predictions_of_earlier_frames_stay_as_they_are() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, replace(CONFIG, mode="refer"))
    first = segmenter.step(frame(0))
    kept = first.masks.copy(), first.scores.copy()
    segmenter.step(frame(4))
    np.testing.assert_array_equal(first.masks, kept[0])
    np.testing.assert_array_equal(first.scores, kept[1])
