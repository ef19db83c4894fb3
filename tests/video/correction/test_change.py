"""Clicks are carried on as what they change of the mask, not as the mask that they make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from car_video.corrections import Correction
from car_video.types import FramePrediction
from car_video.video.correction.answers import same_thing
from car_video.video.correction.change import Change, changes
from car_video.video.correction.clip import correct_clip
from car_video.video.correction.corrector import Corrector
from car_video.video.segmenter import VideoSegmenter
from tests.segment.colour_model import ColourModel
from tests.video.conftest import SIZE, WITH_SAM, iou, red_at
from tests.video.correction.scenes import GREEN, RED, assert_same, clip, index, uncorrected

pytestmark = pytest.mark.usefixtures("colour_sam")

FEW = 8
BLUE = (slice(46, 54), slice(6, 20))
"""A place of the scene where there is nothing."""


def square(*places: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    for place in places:
        mask[place] = True
    return mask


def carried(
    masks: dict[int, np.ndarray], *given: Correction, earlier: tuple[tuple[int, int], ...] = ()
) -> list[FramePrediction]:
    """A run with other masks on some frames, corrected."""
    run = {one.index: one for one in uncorrected(tuple(RED), FEW)}
    for number, mask in masks.items():
        run[index(number)] = replace(run[index(number)], masks=mask[None])
    frames = {frame.index: frame for frame in clip(FEW)}
    segmenter = VideoSegmenter(ColourModel(), RED, WITH_SAM)
    corrector = Corrector(segmenter.image, segmenter.video)
    found = correct_clip(corrector, frames.__getitem__, run, given, earlier)
    run |= {one.index: one for one in found}
    return [run[number] for number in sorted(run)]


def test_what_is_taken_away_goes_wherever_it_is() -> None:
    """And where the mask was right, or wrong in another way, it stays."""
    both = {n: square(red_at(n), GREEN) for n in (3, 4, 5)}
    other = {6: square(red_at(6), BLUE)}
    found = carried({**both, **other}, Correction(index(4), 0, [(70, 50, False)]))
    before = uncorrected(tuple(RED), FEW)
    for number in (0, 1, 2, 7):
        assert_same(found[number], before[number])
    for number in (3, 4, 5):
        assert iou(found[number].masks[0], red_at(number)) > 0.85
    np.testing.assert_array_equal(found[6].masks[0], other[6])


def test_what_is_added_comes_and_the_rest_stays() -> None:
    """The rest may be anything: nothing was said of it."""
    half = [
        square((red_at(n)[0], slice(red_at(n)[1].start, red_at(n)[1].start + 10)))
        for n in range(FEW)
    ]
    masks = {n: half[n] for n in range(FEW)}
    masks[5] = half[5] | square(GREEN)
    x = red_at(2)[1].start + 15
    found = carried(masks, Correction(index(2), 0, [(x, 18, True)]))
    for number in set(range(FEW)) - {5}:
        assert iou(found[number].masks[0], red_at(number)) > 0.85
    assert (found[5].masks[0] >= square(GREEN)).all()
    assert iou(found[5].masks[0] & ~square(GREEN), red_at(5)) > 0.85


def test_a_box_on_the_same_thing_is_carried_on_as_a_change() -> None:
    """Its extent is a guess of the mask model, as that of clicks is."""
    masks = {4: square(red_at(4), GREEN), 5: square(red_at(5), GREEN)}
    other = {6: square(red_at(6), BLUE)}
    y, x = red_at(4)
    found = carried(
        {**masks, **other},
        Correction(index(4), 0, box=(x.start, y.start, x.stop - x.start, y.stop - y.start)),
    )
    for number in masks:
        assert iou(found[number].masks[0], red_at(number)) > 0.85
    np.testing.assert_array_equal(found[6].masks[0], other[6])


def test_a_part_that_went_does_not_take_the_thing_with_it() -> None:
    """What is left of a result is more than a speck, whatever was followed."""
    both = {4: square(red_at(4), GREEN), 5: square(GREEN)}
    found = carried(both, Correction(index(4), 0, [(70, 50, False)]))
    np.testing.assert_array_equal(found[5].masks[0], square(GREEN))


def test_a_part_that_comes_is_not_most_of_another_result() -> None:
    """What is followed may slip to something large; a result does not become that."""
    speck = square((slice(42, 46), slice(62, 66)))
    before = {4: square(red_at(4)), 5: speck}
    fixed = Correction(index(4), 0, mask=square(red_at(4), GREEN), mends=True)
    found = carried({**before, 6: square(red_at(6))}, fixed)
    np.testing.assert_array_equal(found[5].masks[0], speck)
    assert iou(found[6].masks[0], square(red_at(6), GREEN)) > 0.8


def test_where_there_is_nothing_yet_the_whole_mask_comes() -> None:
    """Frames on which it was lost are those that a person corrects it for."""
    masks = {n: square() for n in range(FEW)}
    masks[4] = square((red_at(4)[0], slice(red_at(4)[1].start, red_at(4)[1].start + 10)))
    masks[7] = square(GREEN)
    x = red_at(4)[1].start + 15
    found = carried(masks, Correction(index(4), 0, [(x, 18, True)]))
    for number in range(7):
        assert iou(found[number].masks[0], red_at(number)) > 0.85
    assert (found[7].masks[0] >= square(GREEN)).all()


def test_a_mask_that_mends_is_kept_and_carried_on_as_clicks_are() -> None:
    both = {n: square(red_at(n), GREEN) for n in (3, 4, 5)}
    mask = square(red_at(4))
    mask[8, red_at(4)[1].start] = False
    mended = carried(both, Correction(index(4), 0, mask=mask, mends=True))
    np.testing.assert_array_equal(mended[4].masks[0], mask)
    for number in (3, 5):
        assert iou(mended[number].masks[0], red_at(number)) > 0.85


def test_another_thing_is_no_change() -> None:
    assert not same_thing(square(GREEN), square(red_at(0)))
    assert not same_thing(np.zeros(SIZE, bool), square(GREEN))
    assert same_thing(square(GREEN), square(GREEN, red_at(0)))
    assert same_thing(square(GREEN, red_at(0)), square(GREEN))


def test_clicks_and_boxes_change_a_mask_and_masks_replace_it() -> None:
    whole, part = square(GREEN, BLUE), square(GREEN)
    box, clicks = Correction(0, 0, box=(60, 40, 24, 20)), Correction(0, 0, [(70, 50, True)])
    for one in (box, clicks, Correction(0, 0, mask=part, mends=True)):
        assert changes(one, whole, part)
        assert not changes(one, square(red_at(0)), part)
    assert not changes(Correction(0, 0, mask=part), whole, part)


def test_clicks_say_which_thing_and_not_how_large_it_is() -> None:
    """Where the result so far is of the thing that was clicked, its extent stays."""
    half = square((GREEN[0], slice(GREEN[1].start, GREEN[1].start + 12)))
    found = carried(dict.fromkeys((3, 4), half), Correction(index(6), 0, [(70, 50, True)]))
    for number in (5, 6, 7):
        assert iou(found[number].masks[0], GREEN) > 0.85
    for number in (3, 4):
        np.testing.assert_array_equal(found[number].masks[0], half)


def test_a_touched_up_border_is_no_change() -> None:
    before, after = square(GREEN), square(GREEN)
    after[GREEN[0].start] = False
    after[2, 2] = True  # a speck
    assert not Change.between(before, after)
    found = Change.between(before, after | square(red_at(0)))
    np.testing.assert_array_equal(found.added, square(red_at(0)))
    assert not found.removed.any()


def test_an_earlier_correction_goes_on_beneath_a_change() -> None:
    """Online: the frames to come are still answered without the first one."""
    one = VideoSegmenter(ColourModel(), RED, WITH_SAM)
    frames = clip(FEW)
    one.step(frames[0])
    one.correct(Correction(index(0), 0, box=(60, 40, 24, 20)))
    one.step(frames[1])
    one.correct(Correction(index(1), 0, mask=square(GREEN, BLUE), mends=True))
    for frame in frames[2:5]:
        assert (one.step(frame).masks[0] & square(GREEN)).sum() > 0.85 * square(GREEN).sum()
