"""Nouns of things with an outline, of what may move, and of grounds."""

from __future__ import annotations

import pytest

from car_video.text.grounds import has_outline, may_move


@pytest.mark.parametrize(
    ("noun_phrase", "text", "expected"),
    [
        ("the dog", "the dog running past the parked car", True),
        ("the person", "the person walking past the standing person", True),
        ("the man", "the man who is not sitting", True),
        ("the woman", "the woman still running", True),
        ("the traffic", "the traffic", True),
        ("the man", "the man who is sitting on a bench", False),
        ("the man", "the man in red sitting on a bench", False),
        ("the car", "the red car parked by the house", False),
        ("a standing man", "a standing man", False),
    ],
)
def test_only_the_targets_own_rest_counts(noun_phrase: str, text: str, expected: bool) -> None:
    assert may_move(noun_phrase, text) is expected


@pytest.mark.parametrize(
    "text", ["a dog", "two helmets", "the tables", "", "the boats", "left"]
)
def test_things(text: str) -> None:
    assert has_outline(text)


@pytest.mark.parametrize(
    "text", ["the ground", "dry grass", "rocks", "a dusty road", "mountains"]
)
def test_grounds(text: str) -> None:
    assert not has_outline(text)
