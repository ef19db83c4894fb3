"""``VideoSegmenter.correct``: the newest frame, and those after it."""

from __future__ import annotations

import numpy as np
import pytest

from car_video.corrections import Correction
from car_video.errors import ConfigError, CorrectionError
from car_video.video.segmenter import VideoSegmenter
from tests.segment.colour_model import ColourModel
from tests.video.conftest import NAMES, WITH_SAM
from tests.video.correction.scenes import GREEN_BOX, RED, assert_same, clip, index, story, what

pytestmark = pytest.mark.usefixtures("colour_sam")


def segmenter(names: list[str] = RED) -> VideoSegmenter:
    return VideoSegmenter(ColourModel(), names, WITH_SAM)


def test_the_newest_frame_and_those_after_it() -> None:
    one = segmenter()
    found = [one.step(frame) for frame in clip()[:4]]
    corrected = one.correct(Correction(index(3), 0, box=GREEN_BOX))
    assert corrected is not None
    assert what(corrected, 3) == "g"
    found += [one.step(frame) for frame in clip(8)[4:]]
    assert story(found) == "rrrrgggg"


def test_a_frame_to_come() -> None:
    one = segmenter()
    assert one.correct(Correction(index(3), 0, box=GREEN_BOX)) is None
    assert story([one.step(frame) for frame in clip(7)]) == "rrrgggg"


def test_more_clicks_on_the_same_frame() -> None:
    one = segmenter()
    one.step(clip()[0])
    one.correct(Correction(index(0), 0, absent=True))
    again = one.correct(Correction(index(0), 0, box=GREEN_BOX))
    assert again is not None
    assert what(again, 0) == "g"
    assert what(one.step(clip()[1]), 1) == "g"


def test_without_one_nothing_is_different() -> None:
    one, other = segmenter(NAMES), segmenter(NAMES)
    for frame in clip(6):
        assert_same(one.step(frame), other._paced(frame))


def test_what_does_not_fit() -> None:
    one = segmenter()
    for frame in clip()[:4]:
        one.step(frame)
    with pytest.raises(CorrectionError, match="frame 10 has passed, the newest is 16"):
        one.correct(Correction(index(0), 0, absent=True))
    with pytest.raises(CorrectionError, match="outside the picture"):
        one.correct(Correction(index(3), 0, [(96, 1, True)]))
    with pytest.raises(CorrectionError, match="no expression 'a frog'"):
        one.correct(Correction(index(3), "a frog", absent=True))
    one.correct(Correction(index(5), 0, absent=True))
    with pytest.raises(CorrectionError, match="two corrections"):
        one.correct(Correction(index(5), "a red ball", box=GREEN_BOX))
    assert what(one.step(clip()[4]), 4) == "r"
    assert what(one.step(clip()[5]), 5) == "-"


def test_a_frame_that_does_not_come() -> None:
    one = segmenter()
    one.correct(Correction(index(0) + 1, 0, absent=True))
    one.step(clip()[0])
    with pytest.raises(CorrectionError, match="frame 12 came after 10"):
        one.step(clip()[1])


def test_other_expressions_keep_what_is_corrected() -> None:
    one = segmenter()
    one.step(clip()[0])
    one.correct(Correction(index(0), 0, box=GREEN_BOX))
    one.correct(Correction(index(5), 0, absent=True))
    one.set_expressions(["a green frog", *RED])
    found = [one.step(frame) for frame in clip(8)[1:]]
    assert story(found[:4], 1) == "gggg"
    assert not any(prediction.masks[1].any() for prediction in found[4:])
    one.set_expressions(["a green frog"])
    assert one.corrections.idle


def test_a_reset_forgets_corrections() -> None:
    one = segmenter()
    one.step(clip()[0])
    one.correct(Correction(index(0), 0, box=GREEN_BOX))
    one.correct(Correction(index(4), 0, absent=True))
    one.reset()
    assert story([one.step(frame) for frame in clip(6)]) == "r" * 6


def test_a_state_has_no_corrections() -> None:
    one = segmenter()
    one.step(clip()[0])
    one.correct(Correction(index(0), 0, box=GREEN_BOX))
    with pytest.raises(ConfigError, match="the state holds no corrections"):
        one.state_dict()


def test_the_answer_that_was_given_stays() -> None:
    one = segmenter()
    given = one.step(clip()[0])
    kept = given.masks.copy()
    one.correct(Correction(index(0), 0, box=GREEN_BOX))
    np.testing.assert_array_equal(given.masks, kept)
