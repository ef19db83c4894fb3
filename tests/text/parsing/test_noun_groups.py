"""What noun phrases are to the one that is named, and what is said of which."""

from __future__ import annotations

import pytest

from car_video.text.parsing.noun_groups import REACH, noun_groups


def groups(text: str) -> list[tuple[str, str, str]]:
    """Phrase, link and what it is said of."""
    found = noun_groups(text.split())
    return [(g.phrase, g.link, g.of.phrase if g.of else "") for g in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a dog", [("a dog", "head", "")]),
        ("the bus is red", [("the bus", "head", ""), ("red", "is", "the bus")]),
        ("the man whose shirt is red",
         [("the man", "head", ""), ("shirt", "has", "the man"), ("red", "is", "shirt")]),
        ("the dog whose owner is tall",
         [("the dog", "head", ""), ("owner", "near", "the dog"), ("tall", "is", "owner")]),
        ("a man with a coat that is long",
         [("a man", "head", ""), ("a coat", "has", "a man"), ("long", "is", "a coat")]),
        ("a woman with a dog who is tall",
         [("a woman", "head", ""), ("a dog", "has", "a woman"), ("tall", "is", "a woman")]),
        ("a dog near a man in a coat", [("a dog", "head", ""), ("a man", "near", "a dog")]),
        ("a dog near a man who holds a coat",
         [("a dog", "head", ""), ("a man", "near", "a dog"), ("a coat", "near", "a man")]),
        ("a dog near a car with a roof",
         [("a dog", "head", ""), ("a car", "near", "a dog"), ("a roof", "has", "a dog")]),
        ("guy black shirt", [("guy", "head", ""), ("black shirt", "has", "guy")]),
        ("the man runs and the water is blue",
         [("the man", "head", ""), ("the water", "near", "the man"),
          ("blue", "is", "the water")]),
        ("in the", []),
    ],
)  # fmt: skip
def test_links(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert groups(text) == expected


def test_who_reaches_back_to_somebody_a_few_phrases_before() -> None:
    for between, told_of in ((REACH - 1, "a man"), (REACH, "a car")):
        text = "a man" + " near a car" * between + " who is red"
        assert groups(text)[-1] == ("red", "is", told_of)
