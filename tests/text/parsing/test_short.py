"""One to three words, as people type them: what is named, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.config import ExpressionConfig
from car_video.segment.queries import named_things
from car_video.text.parsing.colours import target_colours
from car_video.text.parsing.expression import parse_expression
from car_video.text.parsing.nouns import head_noun
from car_video.text.parsing.places import take_places
from car_video.text.parsing.plural import is_plural

SETTINGS = ExpressionConfig()


def read(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Head noun and directions of each thing that is named."""
    found = []
    for one in named_things(text, SETTINGS):
        taken = take_places(one)
        parsed = parse_expression(taken.text or one)
        is_plural(parsed.noun_phrase)
        target_colours(one)
        directions = tuple(place.direction for place in taken.places)
        found.append((head_noun(parsed.noun_phrase), directions))
    return found


@pytest.mark.parametrize(
    ("text", "noun", "directions"),
    [
        ("red car", "car", ()), ("car red", "car", ()), ("dog left", "dog", ("left",)),
        ("left dog", "dog", ("left",)), ("dog (left)", "dog", ("left",)),
        ("dog - left", "dog", ("left",)), ("dog bottom right", "dog", ("bottom", "right")),
        ("man hat", "man", ()), ("guy on phone", "guy", ()), ("man w/ hat", "man", ()),
        ("lady red dress", "lady", ()), ("left person red", "person", ("left",)),
        ("2 dogs", "dogs", ()), ("dog 2", "dog", ()), ("dog #2", "dog", ()),
        ("Dog.", "dog", ()), ("DOG", "dog", ()), ("dogs!", "dogs", ()), ("dog?", "dog", ()),
        ('"dog"', "dog", ()), ("- dog", "dog", ()), ("the the dog", "dog", ()),
        ("dog dog", "dog", ()), ("big big dog", "dog", ()), ("hot dog", "dog", ()),
        ("\U0001f436", "\U0001f436", ()), ("a red \U0001f697", "\U0001f697", ()),
        ("\U0001f697 red", "\U0001f697", ()), ("le chien", "chien", ()),
        ("un \xe9l\xe9phant", "\xe9l\xe9phant", ()), ("cafe\u0301", "caf\xe9", ()),
        ("man running", "man", ()), ("running man", "man", ()), ("dog is running", "dog", ()),
        ("man kicks ball", "man", ()), ("people walking", "people", ()),
        ("dogs run", "dogs", ()), ("find dog", "dog", ()), ("dog please", "dog", ()),
        ("find the dog", "dog", ()), ("the blonde", "blonde", ()), ("man's hat", "hat", ()),
        ("dog on left", "dog", ("left",)), ("left", "left", ("left",)), ("x", "x", ()),
        ("7", "7", ()),
    ],
)  # fmt: skip
def test_short(text: str, noun: str, directions: tuple[str, ...]) -> None:
    assert read(text) == [(noun, directions)]


WORDS = """red car dog dogs left right man hat guy on phone 2 the a of and with w is who whose
that isn't find please blonde ginger one he it wears run running kicks my her all in \U0001f436
\xe9l\xe9phant 's # ? , . - '""".split()


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=4)), max_size=4))
def test_whatever_is_typed_names_something(words: list[str]) -> None:
    text = " ".join(" ".join(words).split())
    assert len(read(text)) >= 1
