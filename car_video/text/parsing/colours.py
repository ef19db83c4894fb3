"""Colour words of an expression, and where on its target each should be.

Vision-language models bind colours to things poorly ("the red car" lights up a silver one
beside it); pixels know their colour exactly. What a thing is by itself ("a red car") covers
much of it, what it wears or holds ("a man in red") a part; colours of things only mentioned
("beside a red car") are not the target's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from car_video.text.parsing.colour_words import (
    ADJECTIVES,
    COMPOUNDS,
    GARMENTS,
    HAIR,
    LAMPS,
    LIGHTS,
    NOUNS,
    PEOPLE,
    TITLES,
    UNSEEN,
    WHOLE,
)
from car_video.text.parsing.expression import ParsedExpression, parse_expression, words_of
from car_video.text.parsing.garments import GARMENT_ZONES, ZONES, Place, Zone, zone_of
from car_video.text.parsing.negation import negated
from car_video.text.parsing.roles import LONGEST
from car_video.text.parsing.word_classes import STANDING_FOR

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
    "blonds": ("yellow", "brown", "beige"),
    "blondes": ("yellow", "brown", "beige"),
    "brunette": ("dark",),
    "brunettes": ("dark",),
    "redhead": ("red", "orange"),
    "redheads": ("red", "orange"),
    "ginger": ("orange", "brown"),
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
    "fuchsia": ("pink", "purple"),
    "lilac": ("purple", "pink"),
    "mauve": ("purple", "pink"),
    "indigo": ("blue", "purple"),
    "aqua": ("blue", "green"),
    "burgundy": ("red", "purple", "brown"),
    "ivory": ("white", "beige"),
    "khaki": ("beige", "green", "brown"),
    "olive": ("green", "brown"),
    "darker": ("dark",),
    "darkest": ("dark",),
    "lighter": ("light",),
    "lightest": ("light",),
}
Terms = tuple[ColourTerm, ...]
_NAMING = frozenset("navy olive khaki".split())
"""Colours that may tell which blue, green or brown is meant."""
_SHADES = frozenset(("dark", "light"))
_IN_HAIR: dict[Terms, Terms] = {SYNONYMS["ginger"]: SYNONYMS["redhead"]}
"""Colours that are others in hair: brown would say nothing there of who is ginger."""
_SKIN = frozenset(("black", "white", "brown", "dark", "light"))
_DETERMINERS = frozenset("a an the this that his her its their".split())
_ASIDE = frozenset("left right middle center centre far leftmost rightmost top bottom".split())


@dataclass(frozen=True)
class TargetColour:
    """A colour that an expression gives its target.

    Attributes:
        terms: any of these counts as the colour.
        place: where the target has it.
        among: how many colours that place has: each has its part of it.
    """

    terms: Terms
    place: Place
    among: int = 1


def target_colours(text: str) -> tuple[TargetColour, ...]:
    """The colours that an expression gives its target.

    Example:
        >>> target_colours("a man in red beside a blue car")
        (TargetColour(terms=('red',), place='clothes', among=1),)
    """
    silent = zip(words_of(text), negated(text), _names(text), strict=True)
    parsed = parse_expression(
        " ".join(word for word, *no in silent if not (any(no) and _spoken_of(word)))
    )
    head = words_of(parsed.noun_phrase)
    has_more = len(parsed.attributes) > len(parsed.predicates)  # than what it is said to be
    person = _is_somebody(head, has_more)
    found: list[tuple[Place, Terms]] = [
        ((zone or "part") if part else "whole", terms) for terms, part, zone in _colours(head)
    ]
    found += _told(parsed, person)
    colours: list[tuple[Place, Terms]] = [one for one in found if one[0] == "whole"]
    for place, terms in found:
        elsewhere = place in ZONES and not person  # "the horse with a rider in a black vest"
        in_hair = _IN_HAIR.get(terms, terms) if place == "hair" else terms
        colours.append(("part" if elsewhere else place, in_hair))
    colours = list(dict.fromkeys(colours))
    places = [place for place, _ in colours]
    return tuple(TargetColour(terms, at, places.count(at)) for at, terms in colours)


def _told(parsed: ParsedExpression, person: bool) -> Iterator[tuple[Place, Terms]]:
    """Colours that the target is said to have, and where.

    Args:
        parsed: the expression.
        person: whether the target is one.
    """
    said = [phrase for subject, phrase in parsed.predicates if subject == parsed.noun_phrase]
    for phrase in parsed.attributes:
        words = words_of(phrase)
        if words[-1] in HAIR and phrase not in said:
            continue  # "the dog of the redhead"
        for terms, _, zone in _colours(words, predicate=True):
            alone = zone is None and words[-1] in SYNONYMS
            if phrase in said and zone is None and not person:
                yield "whole", terms  # "the bus is red"
            elif not (phrase in said and alone and _SKIN.issuperset(terms)):
                yield "clothes" if alone else zone or "part", terms
    for subject, phrase in parsed.predicates:
        if subject != parsed.noun_phrase:  # "whose shirt is red"
            worn = next((zone for zone in map(zone_of, words_of(subject)[-1:]) if zone), None)
            for terms, _, _ in _colours(words_of(phrase), predicate=True):
                yield worn or "part", terms


def _is_somebody(head: list[str], has_more: bool) -> bool:
    """Whether the words of a head noun phrase name a person; "the one in blue" does, too."""
    last = head[-1] if head else ""
    hair = any(w in HAIR or zone_of(w.split("-")[-1]) == "hair" for w in head)
    one = last in STANDING_FOR and (has_more or hair)
    return one or last in HAIR or not PEOPLE.isdisjoint(head)


def _colours(
    words: list[str], predicate: bool = False
) -> list[tuple[Terms, bool, Zone | None]]:
    """Colours of a noun phrase, whether only a part of it has them, and which garment.

    Each colour comes once for what has it.

    Args:
        words: of the phrase.
        predicate: whether a colour alone is one ("that is light"), not a thing ("a light").
    """
    while len(words) > 1 and words[-1] in _ASIDE and not _is_garment(words):
        words = words[:-1]
    words = [piece for word in words for piece in _pieces(word)]
    found: dict[tuple[Terms, Zone | None], bool] = {}
    before_and: tuple[int, bool, Zone | None] = (-1, False, None)
    for at in reversed(range(len(words))):
        terms, rest = _shade(words, at), words[at + 1 : at + LONGEST]
        rest = rest[: rest.index("and")] if "and" in rest else rest
        before = words[at - 1] if at else ""
        if terms is None or not _is_colour(words[at], before, rest, predicate):
            continue
        worn = any(is_worn(garment) for garment in rest[:-1][:2])
        hair = _names_hair(words[at], rest)
        part = words[at] in HAIR or hair or worn or (bool(rest) and rest[0] in COMPOUNDS)
        zone = next((zone for zone in map(zone_of, words[at + 1 : at + LONGEST]) if zone), None)
        zone = zone or ("hair" if hair else None)
        if words[at + 1 : at + 2] == ["and"] and before_and[0] == at + 2:
            part, zone = before_and[1:]  # "black and white shirt guy"
        found.setdefault((terms, zone), part)
        before_and = (at, part, zone)
    return [(terms, part, zone) for (terms, zone), part in reversed(found.items())]


def _names_hair(word: str, rest: list[str]) -> bool:
    """Whether a word, before the rest of its phrase, is the hair of somebody."""
    named = not rest or rest[-1] in PEOPLE or rest[-1] in STANDING_FOR
    return named and (word in HAIR or (word == "ginger" and bool(rest)))


def _shade(words: list[str], at: int) -> Terms | None:
    """The colour of a word, None for other words. "Navy blue" is one colour, said by its first
    word."""
    terms = SYNONYMS.get(words[at])
    if terms is None or (at and words[at - 1] in _NAMING):
        return None
    after = SYNONYMS.get(words[at + 1], ()) if at + 1 < len(words) else ()
    return tuple(dict.fromkeys((*terms, *after))) if words[at] in _NAMING else terms


def _is_garment(words: list[str]) -> bool:
    """Whether a last word that may be a place is something worn: "in a red top"."""
    return words[-1] == "top" and (words[-2] in SYNONYMS or words[-2] == "crop")


def is_worn(word: str) -> bool:
    """Whether a word names what is worn, or grows."""
    return word in GARMENTS or zone_of(word) is not None


def _pieces(word: str) -> list[str]:
    """ "red-and-white" in three, "red-shirted" in two, and what has no colour in it whole."""
    whole = word.removesuffix("'s").removesuffix("\u2019s")
    if whole != word and whole in HAIR:
        return [word]  # of somebody
    for suffix in ("haired", "headed"):
        if whole.endswith(suffix) and whole.removesuffix(suffix) in SYNONYMS:
            whole = f"{whole.removesuffix(suffix)}-{suffix}"
    pieces = whole.split("-")
    if len(pieces) == 1 or not any(piece in SYNONYMS for piece in pieces):
        return [whole]
    last = pieces[-1]
    if last in SYNONYMS or last in UNSEEN or last in WHOLE or not last.endswith("ed"):
        return pieces
    stem = last.removesuffix("ed")
    shorter = stem[:-1] if stem[-2:-1] == stem[-1:] else stem
    worn = next((word for word in (stem, shorter, f"{stem}s") if zone_of(word)), last)
    return [*pieces[:-1], worn if is_worn(worn) or worn in COMPOUNDS else "featured"]


def _is_colour(word: str, before: str, rest: list[str], predicate: bool) -> bool:
    """Whether a colour word, between what is before and the rest of its phrase, is a colour,
    and none that is said of people's skin."""
    after = rest[0] if rest else ""
    if word == "ginger" and not rest and not predicate:
        return False  # a root, or somebody
    if after in UNSEEN or before in TITLES or (before, word) == ("ice", "cream"):
        return False
    if word in _SHADES and (after in SYNONYMS or (word == "light" and after in LIGHTS)):
        return False
    if not rest and word in NOUNS:
        if not before or not predicate:
            return not before and (predicate or word not in LAMPS)
        return word not in LAMPS and before not in ("a", "an")
    hair = word in HAIR or word == "ginger"
    return hair or not any(_is_person(rest, n) for n in range(min(3, len(rest))))


def _is_person(words: list[str], at: int) -> bool:
    """Whether the word there is a person and those before it name no clothes."""
    last = at + 1 == len(words)
    person = words[at] in PEOPLE and (last or words[at] not in ADJECTIVES)
    person = person and words[at] not in GARMENT_ZONES  # "black joggers"
    return person and not any(is_worn(w) or w in COMPOUNDS for w in words[:at])


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
