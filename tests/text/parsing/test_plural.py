"""Which expressions name several things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.text.parsing.expression import parse_expression
from car_video.text.parsing.plural import is_plural, names_others


def several(text: str) -> bool:
    return is_plural(parse_expression(text).noun_phrase)


@pytest.mark.parametrize(
    "text",
    [
        "the dogs", "two people riding a motorbike", "people", "all cars", "both cats",
        "three zebras", "two sheep", "a few birds", "a group of people", "9" * 5000 + " dogs",
        "trees behind the house", "The Women in red", "2 boats", "a flock of birds",
    ],
)  # fmt: skip
def test_several(text: str) -> None:
    assert several(text)


@pytest.mark.parametrize(
    "text",
    [
        "a red bus", "the grass", "man in glasses", "a man with two dogs", "sheep", "the glass",
        "a woman in sunglasses", "a boy's legs", "one of them", "each person", "a soccer ball",
        "tennis", "the black dress", "a dog", "", "2", "the dog runs",
        "the man jumps over a fence",
        "the zebra's", "a pair of jeans", "no dogs", "guy black socks", "its", "stairs",
    ],
)  # fmt: skip
def test_one(text: str) -> None:
    assert not is_plural(parse_expression(text).noun_phrase if text else "")


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("The plate and two others.", True),
        ("the man, the woman and others in the park", True),
        ("the plate", False),
        ("the others", False),
        ("a woman with a glove and several others", False),  # of the gloves, if of anything
        ("a man and a woman hugging each other", False),
    ],
)
def test_others_of_its_kind(text: str, others: bool) -> None:
    assert names_others(text) == others


GROUPS = ("group", "couple", "crowd", "herd", "flock", "bunch", "team")


@given(st.from_regex("[a-z]{1,12}", fullmatch=True))
def test_an_article_means_one(word: str) -> None:
    assert is_plural(f"a {word}") == (word in GROUPS)


@given(st.text(max_size=30))
def test_no_text_is_too_odd(text: str) -> None:
    assert is_plural(text) == is_plural(f"  {text} "), "white space says nothing"
