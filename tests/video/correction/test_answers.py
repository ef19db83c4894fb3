"""Masks of single expressions, compared and put into predictions."""

from __future__ import annotations

import numpy as np
import pytest

from car_video.types import FramePrediction
from car_video.video.correction.answers import Answer, agreement, mask_iou, with_answers


def square(left: int, side: int = 8, top: int = 8) -> np.ndarray:
    mask = np.zeros((48, 96), bool)
    mask[top : top + side, left : left + side] = True
    return mask


NOTHING = np.zeros((48, 96), bool)


def prediction(*masks: np.ndarray) -> FramePrediction:
    stack = np.stack(masks)
    present = stack.any((1, 2))
    names = tuple(f"thing {n}" for n in range(len(masks)))
    scores = np.linspace(0.9, 0.5, len(masks)).astype(np.float32)
    return FramePrediction(0, 0.0, names, stack, scores, present, {"evidence": {}})


def test_borders_do_not_count() -> None:
    assert agreement(square(10), square(10)) == 1
    assert agreement(square(10), square(11)) == 1
    assert mask_iou(square(10), square(11)) < 0.8
    assert agreement(square(10, 20), square(20, 20)) < 0.6
    assert agreement(square(10), square(40)) == 0
    assert agreement(square(10, 20), square(10, 20) | square(40, 20)) < 0.6


def test_small_and_empty_masks() -> None:
    assert agreement(NOTHING, NOTHING) == mask_iou(NOTHING, NOTHING) == 1
    assert agreement(NOTHING, square(10)) == mask_iou(NOTHING, square(10)) == 0
    assert agreement(square(10, 1), square(10, 1)) == 1
    assert agreement(square(10, 1), square(50, 1)) == 0
    assert agreement(~NOTHING, ~NOTHING) == 1


@pytest.mark.parametrize("mask", [NOTHING, square(3), ~NOTHING])
def test_packing(mask: np.ndarray) -> None:
    found = Answer(mask, 0.25, True).packed().unpacked()
    np.testing.assert_array_equal(found.mask, mask)
    assert (found.score, found.by_hand) == (0.25, True)


def test_pixels_that_two_want() -> None:
    before = prediction(square(10), square(40))
    followed = with_answers(before, {0: Answer(square(36), 0.7)}, exclusive=True)
    assert not (followed.masks[0] & followed.masks[1]).any()
    np.testing.assert_array_equal(followed.masks[0], square(36))
    assert followed.scores.tolist() == pytest.approx([0.7, 0.5])
    free = with_answers(before, {0: Answer(square(36), 0.7)}, exclusive=False)
    np.testing.assert_array_equal(free.masks[1], square(40))


def test_of_one_thing_both_have_it_unless_a_person_says_otherwise() -> None:
    before = prediction(square(10), square(40))
    both = with_answers(before, {0: Answer(square(40), 0.7)}, exclusive=True)
    assert (both.masks[1] == square(40)).all()
    by_hand = with_answers(before, {0: Answer(square(40), 1.0, True)}, exclusive=True)
    assert by_hand.present.tolist() == [True, False]


def test_what_a_person_gave_wins_over_what_was_followed() -> None:
    answers = {0: Answer(square(10), 1.0, True), 1: Answer(square(14), 0.8)}
    found = with_answers(prediction(NOTHING, NOTHING), answers, exclusive=True)
    np.testing.assert_array_equal(found.masks[0], square(10))
    np.testing.assert_array_equal(found.masks[1], square(14) & ~square(10))


def test_the_given_one_stays() -> None:
    before = prediction(square(10), square(40))
    kept = before.masks.copy(), before.scores.copy()
    with_answers(before, {0: Answer(NOTHING, 0.0)}, exclusive=True)
    np.testing.assert_array_equal(before.masks, kept[0])
    np.testing.assert_array_equal(before.scores, kept[1])
