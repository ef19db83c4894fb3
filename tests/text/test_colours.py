"""Which colours an expression gives its target, and how much of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.text.colours import OWN, SYNONYMS, TERMS, WORN, colour_wishes


@pytest.mark.parametrize(
    ("text", "own", "worn"),
    [
        ("a red car", [("red",)], []),
        ("a man in red", [], [("red",)]),
        ("a man in a red shirt and blue jeans", [], [("red",), ("blue",)]),
        ("a black and white dog", [("black",), ("white",)], []),
        ("a woman with blonde hair", [], [SYNONYMS["blonde"]]),
        ("the silver car", [SYNONYMS["silver"]], []),
        ("a light blue car", [("blue",)], []),
        ("a dark horse", [("dark",)], []),
        # Not the target's, or not a colour.
        ("a man next to a red car", [], []),
        ("a black man", [], []),
        ("a white woman in black", [], [("black",)]),
        ("a dog", [], []),
        ("", [], []),
    ],
)
def test_colours_of_the_target(text: str, own: list[object], worn: list[object]) -> None:
    wishes = colour_wishes(text)
    parts = [OWN / max(1, len(own))] * len(own) + [WORN] * len(worn)
    assert [wish.terms for wish in wishes] == [*own, *worn]
    assert [wish.part for wish in wishes] == pytest.approx(parts)


@given(st.text(max_size=60))
def test_any_text_will_do(text: str) -> None:
    for wish in colour_wishes(text):
        assert set(wish.terms) <= set(TERMS)
        assert 0 < wish.part <= 1
        assert 0 <= wish.floor < 1
