"""Which part of a person a word of clothing names."""

from __future__ import annotations

import pytest

from car_video.text.parsing.colours import SYNONYMS, target_colours
from car_video.text.parsing.garments import GARMENT_ZONES, ZONES, zone_of


def test_each_zone_has_words_and_each_word_one_zone() -> None:
    assert set(GARMENT_ZONES.values()) == set(ZONES)
    assert all(word == word.lower() and word.isascii() for word in GARMENT_ZONES)


@pytest.mark.parametrize(
    ("word", "zone"),
    [("t-shirt", "upper"), ("shirts", "upper"), ("jeans", "trousers"), ("boots", "shoes"),
     ("dress", "dress"), ("umbrella", None), ("scarves", "scarf"), ("", None)],
)  # fmt: skip
def test_singular_and_plural(word: str, zone: str | None) -> None:
    assert zone_of(word) == zone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the man in a white polo shirt and black shorts",
         [(("white",), "upper", 1), (("black",), "shorts", 1)]),
        ("a man in a black and white jacket",
         [(("black",), "upper", 2), (("white",), "upper", 2)]),
        ("a man in red", [(("red",), "clothes", 1)]),
        ("black shirt guy", [(("black",), "upper", 1)]),
        ("a red-haired woman", [(("red",), "hair", 1)]),
        ("the girl with a red backpack and a blue cap",
         [(("red",), "part", 1), (("blue",), "hat", 1)]),
        ("the woman in a red top", [(("red",), "upper", 1)]),
        ("the man in red on top", [(("red",), "clothes", 1)]),
        ("red jumper guy", [(("red",), "upper", 1)]),
        ("the black-jacketed man", [(("black",), "upper", 1)]),
        ("a red-hatted man", [(("red",), "hat", 1)]),
        ("a black-clad man", [(("black",), "clothes", 1)]),
        ("a blue-jeaned man", [(("blue",), "trousers", 1)]),
        ("the boy in black joggers", [(("black",), "trousers", 1)]),
        ("black and white shirt guy",
         [(("black",), "upper", 2), (("white",), "upper", 2)]),
        ("two women in black dresses", [(("black",), "dress", 1)]),
        ("the man in a navy blue suit", [(("blue", "black"), "clothes", 1)]),
        ("the man whose shirt is red", [(("red",), "upper", 1)]),
        ("the girl whose dress is white and whose shoes are black",
         [(("white",), "dress", 1), (("black",), "shoes", 1)]),
        ("the man is wearing a red shirt", [(("red",), "upper", 1)]),
        ("a person who wears a yellow vest", [(("yellow",), "upper", 1)]),
        ("there's a man in a green jacket", [(("green",), "upper", 1)]),
        ("she is wearing a black skirt", [(("black",), "skirt", 1)]),
        ("the one in blue", [(("blue",), "clothes", 1)]),
        ("anyone in white", [(("white",), "clothes", 1)]),
        ("the lady all in white", [(("white",), "clothes", 1)]),
        ("a toddler in a white shirt and green pants",
         [(("white",), "upper", 1), (("green",), "trousers", 1)]),
        ("guy black shirt", [(("black",), "upper", 1)]),
        ("lady red dress", [(("red",), "dress", 1)]),
        # Hair names people.
        ("the blonde in red", [(SYNONYMS["blonde"], "hair", 1), (("red",), "clothes", 1)]),
        ("the blond man", [(SYNONYMS["blonde"], "hair", 1)]),
        ("two blondes", [(SYNONYMS["blonde"], "hair", 1)]),
        ("the brunette in a white dress",
         [(("dark",), "hair", 1), (("white",), "dress", 1)]),
        ("the redhead", [(("red", "orange"), "hair", 1)]),
        ("the redheaded woman", [(("red",), "hair", 1)]),
        ("the ginger kid", [(("red", "orange"), "hair", 1)]),
        ("the dark haired one", [(("dark",), "hair", 1)]),
        ("the woman whose hair is grey", [(("grey",), "hair", 1)]),
        ("a blonde horse", [(SYNONYMS["blonde"], "part", 1)]),
        # Clothes of somebody else than the target, who need not be tall and upright.
        ("the white horse with a rider in a black vest",
         [(("white",), "whole", 1), (("black",), "part", 1)]),
        ("the dog with a red scarf", [(("red",), "part", 1)]),
        ("the red coat", [(("red",), "whole", 1)]),
        ("a black and white dog", [(("black",), "whole", 2), (("white",), "whole", 2)]),
    ],
)  # fmt: skip
def test_colours_know_where_they_are(
    text: str, expected: list[tuple[tuple[str, ...], str, int]]
) -> None:
    assert [(c.terms, c.place, c.among) for c in target_colours(text)] == expected
