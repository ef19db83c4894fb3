"""Colour words of an expression, and how much of its target should have each.

Vision-language models bind colours to things poorly ("the red car" lights up a silver one
beside it); pixels know their colour exactly. What a thing is by itself ("a red car") covers
much of it, what it wears or holds ("a man in red") a part; colours of things only mentioned
("beside a red car") are not the target's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from car_video.text.parsing.colour_words import (
    ADJECTIVES,
    COMPOUNDS,
    GARMENTS,
    LAMPS,
    LIGHTS,
    NOUNS,
    PEOPLE,
    TITLES,
    UNSEEN,
    WHOLE,
)
from car_video.text.parsing.expression import parse_expression, words_of
from car_video.text.parsing.negation import negated

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
WHOLE_COVERAGE, PART_COVERAGE = 0.35, 0.12
"""Share of a target's pixels that should have its colour: of the whole target ("a red car"), of
a part of it ("a man in red"). Below one half: windows, tyres and shadows are not red."""
WHOLE_FLOOR, PART_FLOOR = 0.15, 0.5
"""Colour score of a target without the colour, of the whole and of a part. A small part (a
ribbon) is easily missed, so its floor is higher."""

Terms = tuple[ColourTerm, ...]
_SHADES = frozenset(("dark", "light"))
_HAIR = frozenset(("blond", "blonde"))
_DETERMINERS = frozenset("a an the this that his her its their".split())
_ASIDE = frozenset("left right middle center centre far leftmost rightmost top bottom".split())


@dataclass(frozen=True)
class TargetColour:
    """A colour that an expression gives its target.

    Attributes:
        terms: any of these counts as the colour.
        coverage: share of the target's pixels that should have it, above 0, at most 1.
        floor: colour score of a target without the colour, 0 to 1.
    """

    terms: tuple[ColourTerm, ...]
    coverage: float
    floor: float


def target_colours(text: str) -> tuple[TargetColour, ...]:
    """The colours that an expression gives its target.

    Example:
        >>> [colour.terms for colour in target_colours("a man in red beside a blue car")]
        [('red',)]
    """
    words = words_of(text)
    silent = zip(words, negated(text), _names(text), strict=True)
    parsed = parse_expression(
        " ".join(word for word, *no in silent if not (any(no) and _spoken_of(word)))
    )
    named = _colours(words_of(parsed.noun_phrase))
    own = [terms for terms, part in named if not part]
    worn = [terms for terms, part in named if part]
    for phrase in parsed.attributes:
        worn += [terms for terms, _ in _colours(words_of(phrase), predicate=True)]
    colours = [TargetColour(terms, WHOLE_COVERAGE / len(own), WHOLE_FLOOR) for terms in own]
    return (*colours, *(TargetColour(terms, PART_COVERAGE, PART_FLOOR) for terms in worn))


def _colours(words: list[str], predicate: bool = False) -> list[tuple[Terms, bool]]:
    """Colours of a noun phrase, each once, and whether only a part of it has them.

    Args:
        words: of the phrase.
        predicate: whether a colour alone is one ("that is light"), not a thing ("a light").
    """
    while len(words) > 1 and words[-1] in _ASIDE:
        words = words[:-1]
    words = [piece for word in words for piece in _pieces(word)]
    found: dict[Terms, bool] = {}
    for at, word in enumerate(words):
        terms, rest = SYNONYMS.get(word), words[at + 1 :]
        rest = rest[: rest.index("and")] if "and" in rest else rest
        before = words[at - 1] if at else ""
        if terms is None or not _is_colour(word, before, rest, predicate):
            continue
        worn = any(garment in GARMENTS for garment in rest[:-1][:2])
        part = word in _HAIR or worn or (bool(rest) and rest[0] in COMPOUNDS)
        found.setdefault(terms, part)
    return list(found.items())


def _pieces(word: str) -> list[str]:
    """ "red-and-white" in three, "red-haired" in two, and what has no colour in it whole."""
    pieces = word.removesuffix("'s").removesuffix("\u2019s").split("-")
    if len(pieces) == 1 or not any(piece in SYNONYMS for piece in pieces):
        return ["-".join(pieces)]
    last = pieces[-1]
    if last in SYNONYMS or last in UNSEEN or last in WHOLE or not last.endswith("ed"):
        return pieces
    return [*pieces[:-1], "haired"]


def _is_colour(word: str, before: str, rest: list[str], predicate: bool) -> bool:
    """Whether a colour word, between what is before and the rest of its phrase, is a colour,
    and none that is said of people's skin."""
    after = rest[0] if rest else ""
    if after in UNSEEN or before in TITLES or (before, word) == ("ice", "cream"):
        return False
    if word in _SHADES and (after in SYNONYMS or (word == "light" and after in LIGHTS)):
        return False
    if not rest and word in NOUNS:
        if not before or not predicate:
            return not before and (predicate or word not in LAMPS)
        return word not in LAMPS and before not in ("a", "an")
    return word in _HAIR or not any(_is_person(rest, n) for n in range(min(3, len(rest))))


def _is_person(words: list[str], at: int) -> bool:
    """Whether the word there is a person and those before it name no clothes."""
    last = at + 1 == len(words)
    person = words[at] in PEOPLE and (last or words[at] not in ADJECTIVES)
    return person and not any(w in GARMENTS or w in COMPOUNDS for w in words[:at])


def _spoken_of(word: str) -> bool:
    return any(piece in SYNONYMS for piece in word.lower().split("-"))


def _names(text: str) -> list[bool]:
    """Which words are parts of names: "the White House", "James Brown waving". A text without
    any lower case tells nothing."""
    words = words_of(text, lower=False)
    capital = [word[:1].isupper() and not word.isupper() for word in words]
    if not any(word.islower() for word in words):
        return [False] * len(words)
    first = bool(words) and words[0].lower() in _DETERMINERS
    named = [capital[n] and not (n == 0 and first) for n in range(len(words))]
    pairs = zip([False, *named], named, [*named[1:], False], strict=False)
    return [n > 0 and own and (left or right) for n, (left, own, right) in enumerate(pairs)]
