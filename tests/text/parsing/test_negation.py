"""How far a negation reaches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.text.parsing.expression import words_of
from car_video.text.parsing.negation import negated


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("a red car", ""),
        ("the car that is not red", "not red"),
        ("the car that isn\u2019t red", "isn\u2019t red"),
        ("the car, not red, on the left", "not red"),
        ("not red but blue", "not red"),
        ("anything but the red car", "but the red car"),
        ("a man without a hat in red", "without a hat"),
        ("the group without the man in red", "without the man in red"),
        ("a dog with no red collar on grass", "no red collar"),
        ("a non-red car", "non-red"),
        ("player with no 7", ""),
        ("the cars other than the red one", "than the red one"),
        ("neither red nor blue", "neither red nor blue"),
        ("a knot", ""),
        ("", ""),
    ],
)
def test_reach(text: str, reached: str) -> None:
    found = zip(words_of(text), negated(text), strict=True)
    assert [word for word, no in found if no] == reached.split()


@given(st.text())
def test_one_answer_a_word(text: str) -> None:
    assert len(negated(text)) == len(words_of(text))


@given(st.lists(st.sampled_from("a red car with hat in the and no without".split())))
def test_a_clause_of_its_own_is_not_reached(words: list[str]) -> None:
    text = " ".join(words)
    assert negated(f"not so, {text}") == [True, True, *negated(text)]
    assert all(negated(f"not {text}"))
