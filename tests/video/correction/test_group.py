"""Several things that an expression names together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.corrections import Correction
from car_video.video.correction.group import names_several, pieces
from car_video.video.segmenter import VideoSegmenter
from tests.segment.colour_model import ColourModel
from tests.video.conftest import SIZE, WITH_SAM, iou, red_at
from tests.video.correction.scenes import GREEN, answers, clip, index

pytestmark = pytest.mark.usefixtures("colour_sam")


@pytest.mark.parametrize(
    ("expression", "several"),
    [
        ("a red ball", False),
        ("the red balls", True),
        ("the red ball and the green frog", True),
    ],
)
def test_expressions_of_several_things(expression: str, several: bool) -> None:
    segmenter = VideoSegmenter(ColourModel(), [expression], WITH_SAM)
    assert names_several(segmenter.image.queries, 0) == several


@pytest.mark.parametrize("number", [0, pytest.param(5, marks=pytest.mark.slow)])
def test_each_is_followed_by_itself(number: int) -> None:
    mask = np.zeros(SIZE, bool)
    mask[red_at(number)] = mask[GREEN] = True
    frames, names = clip(8), ["the blue frogs"]
    found = answers(frames, [Correction(index(number), 0, mask=mask)], names)
    for place, one in enumerate(found):
        red, green = one.masks[0].copy(), one.masks[0].copy()
        red[40:], green[:40] = False, False
        assert iou(red, red_at(place)) > 0.7
        assert iou(green, GREEN) > 0.7


def test_a_speck_is_no_thing() -> None:
    mask = np.zeros((40, 40), bool)
    mask[2:12, 2:12] = mask[20:30, 20:30] = mask[35, 35] = True
    first, second = pieces(mask)
    assert first.sum() + second.sum() == mask.sum()
    assert sorted([int(first.sum()), int(second.sum())]) == [100, 101]


@given(st.integers(0, 2**30))
def test_pieces_are_the_mask(seed: int) -> None:
    mask = np.random.default_rng(seed).random((12, 12)) > 0.7
    mask[0, 0] = True
    found = pieces(mask)
    np.testing.assert_array_equal(np.sum(found, axis=0), mask.astype(int))
