"""The value: what is wrong with a correction is said when it is made, in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import car_video
from car_video.corrections import Correction, check_together
from car_video.errors import CarVideoError, CorrectionError

MASK = np.zeros((4, 6), bool)
NAMES = ["the dog", "A  Cat"]


def test_it_is_public() -> None:
    assert car_video.Correction is Correction
    assert issubclass(CorrectionError, CarVideoError)


def test_values_are_plain() -> None:
    points: Any = [[np.float32(2), 1, np.bool_(True)]]
    box: Any = [0, 0, 4, 2]
    one = Correction(np.int64(3), np.int32(1), points, box)  # type: ignore[arg-type]
    assert (one.frame, one.query) == (3, 1)
    assert one.points == ((2.0, 1.0, True),)
    assert one.box == (0.0, 0.0, 4.0, 2.0)
    assert all(type(v) is float for v in one.box)


def test_clicks_of_both_kinds() -> None:
    one = Correction(0, 0, [(1, 2, True), (3, 1, False)])
    assert one.positive == ((1.0, 2.0),)
    assert one.negative == ((3.0, 1.0),)
    assert one.prompts
    assert not Correction(0, 0, mask=MASK).prompts
    assert not Correction(0, 0, absent=True).prompts


def test_the_mask_is_its_own() -> None:
    mask = MASK.copy()
    one = Correction(0, 0, mask=mask)
    mask[:] = True
    assert one.mask is not None
    assert not one.mask.any()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"frame": -1}, "whole number from 0, got -1"),
    ({"frame": 1.5}, "whole number from 0, got 1.5"),
    ({"frame": True}, "whole number from 0, got True"),
    ({"frame": "7"}, "whole number from 0, got '7'"),
    ({"query": -1}, "query must be"),
    ({"query": None}, "query must be"),
    ({"query": 1.0}, "query must be"),
    ({"points": "1,2"}, "points must be a list"),
    ({"points": 7}, "points must be a list"),
    ({"points": [(1, 2)]}, "points must be a list"),
    ({"points": [(1, 2, 1)]}, "true or false"),
    ({"points": [(1, float("nan"), True)]}, "true or false"),
    ({"points": [(1, "2", True)]}, "true or false"),
    ({"box": (1, 2, 3)}, "four numbers"),
    ({"box": "1234"}, "four numbers"),
    ({"box": (1, 2, 0, 4)}, "wider and higher than 0"),
    ({"box": (1, 2, 3, -4)}, "wider and higher than 0"),
    ({"box": (1, 2, float("inf"), 4)}, "four numbers"),
    ({"mask": [[True]]}, "bool [H, W]"),
    ({"mask": MASK.astype(np.uint8)}, "bool [H, W], got uint8 [4, 6]"),
    ({"mask": MASK[None]}, "bool [H, W], got bool [1, 4, 6]"),
    ({"absent": "yes"}, "absent must be true or false"),
    ({"mask": MASK, "mends": 1}, "mends must be true or false"),
    ({"points": [(1, 1, True)], "mends": True}, "mends goes with a mask"),
    ({"mends": True}, "says nothing"),
    ({}, "says nothing"),
    ({"points": []}, "says nothing"),
    ({"absent": True, "mask": MASK}, "absent contradicts"),
    ({"absent": True, "points": [(1, 1, True)]}, "absent contradicts"),
    ({"mask": MASK, "box": (0, 0, 1, 1)}, "a mask says everything"),
    ({"points": [(1.2, 1, True), (1.9, 1.5, False)]}, "(1, 1) is clicked as positive and"),
    ({"points": [(5, 1, True)], "box": (0, 0, 2, 2)}, "outside its box"),
]


@pytest.mark.parametrize(("values", "message"), WRONG)
def test_what_is_wrong_is_said_in_one_line(values: dict[str, Any], message: str) -> None:
    if "frame" in values or "query" in values:
        values = {"absent": True, **values}
    with pytest.raises(CorrectionError) as error:
        Correction(**{"frame": 3, "query": 0, **values})
    text = str(error.value)
    assert message in text
    assert "\n" not in text
    assert len(text) < 200


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"points": [(6, 1, True)]}, "the point (6, 1) is outside the picture"),
        ({"points": [(1, -0.5, False)]}, "the point (1, -0.5) is outside the picture"),
        ({"points": [(1, 4, True)]}, "the point (1, 4) is outside the picture"),
        ({"box": (3, 1, 4, 2)}, "reaches out of the picture"),
        ({"box": (-1, 1, 4, 2)}, "reaches out of the picture"),
        ({"mask": np.zeros((6, 4), bool)}, "the mask has 4x6 pixels"),
    ],
)
def test_it_must_fit_its_frame(values: dict[str, Any], message: str) -> None:
    one = Correction(3, 0, **values)
    with pytest.raises(CorrectionError) as error:
        one.check_size(4, 6)
    assert message in str(error.value)
    assert "frame 3 has 6x4 pixels" in str(error.value)


@given(x=st.floats(0, 6, exclude_max=True), y=st.floats(0, 4, exclude_max=True))
def test_every_place_inside_fits(x: float, y: float) -> None:
    Correction(0, 0, [(x, y, True)]).check_size(4, 6)
    Correction(0, 0, box=(0, 0, 6, 4)).check_size(4, 6)


@pytest.mark.parametrize(
    ("query", "number"), [(0, 0), (1, 1), ("the dog", 0), ("THE dog ", 0), ("a cat", 1)]
)
def test_expressions_by_text_or_number(query: int | str, number: int) -> None:
    assert Correction(0, query, absent=True).number(NAMES) == number


@pytest.mark.parametrize(
    ("query", "message"),
    [(2, "no expression 2; there are 2"), ("dog", "no expression 'dog'; the expressions are")],
)
def test_unknown_expressions(query: int | str, message: str) -> None:
    with pytest.raises(CorrectionError, match=message):
        check_together([Correction(0, query, absent=True)], NAMES)


def test_corrections_come_in_order() -> None:
    given_order = [Correction(7, 0, absent=True), Correction(2, 1, absent=True)]
    assert [one.frame for one in check_together(given_order, NAMES)] == [2, 7]


@pytest.mark.parametrize("given_ones", ["text", 7, None, ["text"], [None]])
def test_other_things_are_no_corrections(given_ones: Any) -> None:
    with pytest.raises(CorrectionError, match="must be a list of Correction"):
        check_together(given_ones, NAMES)


def test_one_correction_for_a_frame_and_an_expression() -> None:
    two = [Correction(7, "the dog", absent=True), Correction(7, 0, [(1, 1, True)])]
    with pytest.raises(CorrectionError, match="frame 7 has two corrections of 'the dog'"):
        check_together(two, NAMES)
