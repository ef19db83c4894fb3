"""Colour words of an expression, and how much of its target should have each.

Vision-language models bind colours to things poorly ("the red car" lights up a silver one
beside it); pixels know their colour exactly. What a thing is by itself ("a red car") covers
much of it, what it wears or holds ("a man in red") a part; colours of things only mentioned
("beside a red car") are not the target's.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from car_video.text.expression import parse_expression, words_of

ColourTerm = Literal[
    "black", "white", "grey", "red", "green", "blue", "yellow", "orange", "brown", "pink",
    "purple", "beige", "dark", "light",
]  # fmt: skip
TERMS: tuple[ColourTerm, ...] = get_args(ColourTerm)

SYNONYMS: dict[str, tuple[ColourTerm, ...]] = {
    **{term: (term,) for term in TERMS},
    "gray": ("grey",),
    "silver": ("grey", "white"),
    "golden": ("yellow", "brown", "beige"),
    "gold": ("yellow", "brown", "beige"),
    "blond": ("yellow", "brown", "beige"),
    "blonde": ("yellow", "brown", "beige"),
    "tan": ("beige", "brown"),
    "cream": ("beige", "white"),
    "navy": ("blue", "black"),
    "maroon": ("red", "brown"),
    "scarlet": ("red",),
    "crimson": ("red",),
    "turquoise": ("blue", "green"),
    "teal": ("blue", "green"),
    "cyan": ("blue", "green"),
    "violet": ("purple",),
    "lavender": ("purple",),
    "magenta": ("pink", "purple"),
    "khaki": ("beige", "green", "brown"),
    "olive": ("green", "brown"),
    "darker": ("dark",),
    "darkest": ("dark",),
    "lighter": ("light",),
    "lightest": ("light",),
}
OWN, WORN = 0.35, 0.12
"""Parts of a target that the colour it is, and that of what it wears, should cover at least."""
OWN_FLOOR, WORN_FLOOR = 0.15, 0.5
"""What a target without it may still have of either: a ribbon is easily overlooked."""

# "A black man", "a white woman" speak of people, not of paint; "a light blue car" is blue.
_PEOPLE = frozenset(
    "man men woman women person people guy girl boy lady kid child male female player".split()
)
_SHADES = frozenset(("dark", "light"))


@dataclass(frozen=True)
class ColourWish:
    """A colour that a target should show.

    Attributes:
        terms: any of which will do.
        part: of its pixels that should have it, above 0, at most 1.
        floor: of how well a target without the colour does, from 0 to 1.
    """

    terms: tuple[ColourTerm, ...]
    part: float
    floor: float


def colour_wishes(text: str) -> tuple[ColourWish, ...]:
    """The colours that an expression gives its target.

    Example:
        >>> [wish.terms for wish in colour_wishes("a man in red beside a blue car")]
        [('red',)]
    """
    parsed = parse_expression(text)
    own = _colours(words_of(parsed.noun_phrase))
    worn = [terms for phrase in parsed.attributes for terms in _colours(words_of(phrase))]
    wishes = [ColourWish(terms, OWN / len(own), OWN_FLOOR) for terms in own]
    return (*wishes, *(ColourWish(terms, WORN, WORN_FLOOR) for terms in worn))


def _colours(words: list[str]) -> list[tuple[ColourTerm, ...]]:
    found = []
    for word, after in pairwise([*words, ""]):
        terms = SYNONYMS.get(word)
        if terms is None or after in _PEOPLE:
            continue
        if word in _SHADES and after in SYNONYMS:
            continue
        if terms not in found:
            found.append(terms)
    return found
