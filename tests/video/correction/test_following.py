"""Things followed from masks alone."""

from __future__ import annotations

import numpy as np
import pytest

from car_video.errors import CarVideoError, CorrectionError
from car_video.video.correction.following import follow_masks
from tests.segment.colour_model import ColourModel
from tests.video.conftest import PLAIN, SIZE, WITH_SAM, iou, red_at
from tests.video.correction.scenes import GREEN, clip, index

pytestmark = pytest.mark.usefixtures("colour_sam")


def filled(part: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[part] = True
    return mask


def green() -> np.ndarray:
    return filled(GREEN)


def red(number: int) -> np.ndarray:
    return filled(red_at(number))


def test_two_things_are_followed_at_once() -> None:
    frames = clip(6)
    masks = {index(0): {1: red(0), 7: green()}}
    found = [labels for _, labels in follow_masks(ColourModel(), frames, masks, WITH_SAM)]
    assert [labels.dtype for labels in found] == [np.uint8] * 6
    for number, labels in enumerate(found):
        assert iou(labels == 1, red_at(number)) > 0.7
        assert iou(labels == 7, GREEN) > 0.7
    np.testing.assert_array_equal(found[0] == 7, green())


def test_a_thing_may_come_in_later() -> None:
    frames = clip(5)
    masks = {index(0): {2: green()}, index(3): {1: red(3)}}
    found = [labels for _, labels in follow_masks(ColourModel(), frames, masks, WITH_SAM)]
    assert [bool((labels == 1).any()) for labels in found] == [False] * 3 + [True] * 2
    np.testing.assert_array_equal(found[3] == 1, red(3))


def test_frames_before_the_first_mask_are_empty() -> None:
    found = follow_masks(ColourModel(), clip(3), {index(2): {1: red(2)}}, WITH_SAM)
    assert [int(labels.max()) for _, labels in found] == [0, 0, 1]


@pytest.mark.parametrize(
    ("masks", "word"),
    [
        ({index(0): {0: green()}}, "number from 1 to 254"),
        ({index(0): {1: green().astype(np.uint8)}}, "mask"),
        ({index(0): {1: green()[:9]}}, "96x9 pixels"),
        ({3: {1: green()}}, "no frame 3"),
    ],
)
def test_masks_that_do_not_fit(masks, word) -> None:
    with pytest.raises(CorrectionError, match=word):
        list(follow_masks(ColourModel(), clip(2), masks, WITH_SAM))


def test_a_mask_model_is_needed() -> None:
    with pytest.raises(CarVideoError, match="refine to sam"):
        follow_masks(ColourModel(), clip(2), {index(0): {1: green()}}, PLAIN)
