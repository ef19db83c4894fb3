"""Forms of nouns."""

from __future__ import annotations

import pytest

from car_video.text.null_phrases import NULL_PHRASES
from car_video.text.parsing.nouns import base_forms, head_noun, noun_forms


@pytest.mark.parametrize(
    ("word", "singular"),
    [
        ("dogs", "dog"), ("buses", "bus"), ("foxes", "fox"), ("ponies", "pony"),
        ("firemen", "fireman"), ("wolves", "wolf"), ("benches", "bench"), ("mice", "mouse"),
        ("people", "person"), ("dog", "dog"),
    ],
)  # fmt: skip
def test_plurals_come_back(word: str, singular: str) -> None:
    assert base_forms(word)[0] == word
    assert singular in base_forms(word)


def test_nothing_is_left_of_no_word() -> None:
    assert base_forms("s") == ["s"]
    assert base_forms("as") == ["as"]


def test_long_names_come_first() -> None:
    found = list(noun_forms("the two motor scooters"))
    assert found.index("motor scooter") < found.index("scooter")
    assert list(noun_forms("...")) == []
    assert list(noun_forms("dog 2")) == ["dog 2", "2", "dog"]


def test_null_phrases_are_many_and_different() -> None:
    assert len(NULL_PHRASES) == len(set(NULL_PHRASES)) > 150


@pytest.mark.parametrize(
    ("phrase", "noun"),
    [
        ("the brown dog", "dog"),
        ("The Dog runs", "dog"),
        ("the dog runs jumps", "dog"),
        ("car red", "car"),
        ("dog 2", "dog"),
        ("player no 10", "player"),
        ("number 10", "number"),
        ("the dog black and white", "dog"),
        ("the red", "red"),
        ("the traffic light", "light"),
        ("the blonde", "blonde"),
        ("the tall one", "one"),
        ("7", "7"),
        ("runs", "runs"),
        ("the runs", "runs"),
        ("", ""),
    ],
)
def test_the_head_noun_is_no_verb(phrase: str, noun: str) -> None:
    assert head_noun(phrase) == noun
