"""Corrections of a stream: both ways in time, until they change nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from car_video.config.video import OfflineConfig, VideoConfig
from car_video.corrections import Correction
from car_video.errors import CorrectionError
from car_video.types import Frame
from car_video.video.stream import segment_stream
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.conftest import NAMES, PLAIN, SIZE, WITH_SAM, red_at
from tests.video.correction.scenes import (
    COUNT,
    GREEN_BOX,
    RED,
    answers,
    assert_same,
    clip,
    index,
    story,
    uncorrected,
)

pytestmark = pytest.mark.usefixtures("colour_sam")

FEW = 8  # frames, where it is enough that some come before and after


def test_without_corrections_nothing_is_wrong_here() -> None:
    assert story(uncorrected(tuple(RED))) == "r" * COUNT


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (5, "box"),
        (0, "click"),
        *(pytest.param(n, "box", marks=pytest.mark.slow) for n in (0, COUNT - 1)),
        *(pytest.param(n, "click", marks=pytest.mark.slow) for n in (5, COUNT - 1)),
    ],
)
def test_no_the_other_one(number: int, how: str) -> None:
    """Forwards and backwards, as the result so far never agrees."""
    one = Correction(index(number), 0, box=GREEN_BOX)
    if how == "click":
        one = Correction(index(number), "a red ball", [(70, 50, True)])
    found = answers(clip(), [one])
    assert story(found) == "g" * COUNT
    assert all(prediction.present.all() for prediction in found)
    assert found[number].scores[0] == 1


def test_a_mask_is_kept_to_the_pixel() -> None:
    mask = np.random.default_rng(0).random(SIZE) > 0.5
    found = answers(clip(FEW), [Correction(index(5), 0, mask=mask)], NAMES)
    np.testing.assert_array_equal(found[5].masks[0], mask)
    np.testing.assert_array_equal(found[5].label_map() == 1, mask)
    assert not (found[5].masks[0] & found[5].masks[1]).any()


def test_of_two_masks_by_hand_both_are_kept() -> None:
    """Where they cover the same pixels, too: the file of masks cannot show that, JSON can."""
    masks = np.random.default_rng(0).random((2, *SIZE)) > 0.5
    given = [Correction(index(5), query, mask=masks[query]) for query in (0, 1)]
    np.testing.assert_array_equal(answers(clip(FEW), given, NAMES)[5].masks, masks)


def test_a_small_edit_changes_no_other_frame() -> None:
    before = uncorrected(tuple(NAMES), FEW)
    mask = before[5].masks[0].copy()
    mask[:, 15] = False
    after = answers(clip(FEW), [Correction(index(5), 0, mask=mask)], NAMES)
    np.testing.assert_array_equal(after[5].masks[0], mask)
    for number in set(range(FEW)) - {5}:
        assert_same(after[number], before[number])


def test_absent_is_absent_as_long_as_the_mask_is_on_that_thing() -> None:
    found = answers(clip(FEW), [Correction(index(5), 0, absent=True)], NAMES)
    assert story(found) == "-" * FEW
    assert story(found, 1) == "g" * FEW
    assert not any(prediction.present[0] for prediction in found)
    assert not any(prediction.scores[0] for prediction in found)


def test_absent_ends_where_the_mask_is_on_another_thing() -> None:
    given = [Correction(index(6), 0, box=GREEN_BOX), Correction(index(1), 0, absent=True)]
    # Half the way between two corrections the nearer one decides.
    assert story(answers(clip(FEW), given)) == "----gggg"


def test_an_empty_mask_is_absent() -> None:
    nothing = Correction(index(5), 0, mask=np.zeros(SIZE, bool))
    assert story(answers(clip(FEW), [nothing])) == "-" * FEW


def test_other_expressions_stay_as_they_are() -> None:
    before = uncorrected(tuple(NAMES), FEW)
    after = answers(clip(FEW), [Correction(index(5), 1, absent=True)], NAMES)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.masks[0], other.masks[0])
        assert not other.masks[1].any()


def test_a_cut_ends_it() -> None:
    frames = [conftest.frame(n, tint=100 * (n >= 6)) for n in range(FEW)]
    found = answers(frames, [Correction(index(4), 0, box=GREEN_BOX)])
    assert story(found) == "ggggggrr"


def test_what_is_hidden_is_absent_and_found_again() -> None:
    frames = [conftest.frame(n, green=not 4 <= n < 10) for n in range(16)]
    found = story(answers(frames, [Correction(index(2), 0, box=GREEN_BOX)]))
    assert found[:4] == "gggg"
    assert set(found[8:10]) == {"-"}
    assert found[-4:] == "gggg"
    assert "r" not in found


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_frames_wait_no_longer_than_a_window(mode: str) -> None:
    pulled = 0

    def endless() -> Iterator[Frame]:
        nonlocal pulled
        while True:
            pulled += 1
            yield conftest.frame(pulled - 1)

    video = VideoConfig(mode=mode, offline=OfflineConfig(window=4))  # type: ignore[arg-type]
    given = [Correction(index(7), 0, box=GREEN_BOX)]
    stream = segment_stream(ColourModel(), endless(), RED, WITH_SAM, video, corrections=given)
    seen = []
    for number in range(10):
        frame, prediction = next(stream)
        assert frame.index == index(number)
        assert pulled - number <= 8
        seen.append(prediction)
    assert story(seen)[5:] == "ggggg"
    assert story(seen)[0] == "r"  # too far back


@pytest.mark.parametrize("config", [PLAIN, replace(WITH_SAM, refine="none")])
def test_without_a_mask_model_a_mask_holds_for_its_frame(config) -> None:
    mask = np.zeros(SIZE, bool)
    mask[40:60, 60:84] = True
    before = answers(clip(FEW), (), config=config)
    found = answers(clip(FEW), [Correction(index(5), 0, mask=mask)], config=config)
    np.testing.assert_array_equal(found[5].masks[0], mask)
    for number in set(range(FEW)) - {5}:
        assert_same(found[number], before[number])
    with pytest.raises(CorrectionError, match="points and boxes need a mask model"):
        answers(clip(FEW), [Correction(index(5), 0, box=GREEN_BOX)], config=config)


def test_per_frame_it_holds_for_its_frame() -> None:
    video = VideoConfig(mode="per-frame")
    found = answers(clip(FEW), [Correction(index(5), 0, box=GREEN_BOX)], video=video)
    assert story(found) == "rrrrrgrr"


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (Correction(index(5) + 1, 0, absent=True), "frame 22 came after 20"),
        (Correction(0, 0, absent=True), "the first one is 10"),
        (Correction(99, 0, absent=True), "the last one is 24"),
        (Correction(index(5), 0, [(96, 2, True)]), r"\(96, 2\) is outside the picture"),
        (Correction(index(5), 0, mask=np.ones((4, 4), bool)), "the mask has 4x4 pixels"),
        (Correction(index(5), 1, absent=True), "no expression 1; there are 1"),
        (Correction(index(5), "a frog", absent=True), "no expression 'a frog'"),
    ],
)
def test_corrections_that_fit_nothing(one: Correction, message: str) -> None:
    with pytest.raises(CorrectionError, match=message):
        answers(clip(FEW), [one])


def test_negative_points_need_a_mask() -> None:
    frames = clip(2, green=False, red=False)
    with pytest.raises(CorrectionError, match="there is no mask yet"):
        answers(frames, [Correction(index(0), 0, [(5, 5, False)])])


def test_the_moved_place_is_the_truth_here() -> None:
    """The scene's two things never touch, so a story tells them apart."""
    assert red_at(COUNT - 1)[1].stop < 60
