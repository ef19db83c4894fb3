"""The words of a query as the algorithm reads them."""

from __future__ import annotations

from collections.abc import Sequence

from car_video.text.parsing.colours import target_colours
from car_video.text.parsing.expression import parse_expression
from car_video.text.parsing.places import Place, take_places

_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_AMONG = {
    "left": "leftmost",
    "right": "rightmost",
    "top": "uppermost",
    "bottom": "lowest",
    "middle": "in the middle",
    "front": "nearest to the camera",
    "back": "farthest from the camera",
}
_BESIDE = {
    "left": "left of",
    "right": "right of",
    "top": "above",
    "bottom": "below",
    "front": "in front of",
    "back": "behind",
}


def places_of(text: str, spatial: bool) -> tuple[str, ...]:
    """The words of place of a text, each as what it is taken for.

    Args:
        text: of a query.
        spatial: whether words of place are read at all.

    Example:
        >>> places_of("the second dog from the left", True)
        ('2nd leftmost of its kind',)
    """
    return tuple(_in_words(place) for place in take_places(text).places) if spatial else ()


def colours_of(text: str) -> tuple[str, ...]:
    """The colours that a text gives its target.

    Example:
        >>> colours_of("the man in a silver coat")
        ('grey or white',)
    """
    return tuple(" or ".join(colour.terms) for colour in target_colours(text))


def mentioned_in(sentence: str, text: str) -> tuple[str, ...]:
    """Things that a query only mentions: they count against it.

    Args:
        sentence: the text without its words of place.
        text: the whole text.
    """
    anchors = [place.anchor for place in take_places(text).places if place.anchor]
    return tuple(dict.fromkeys([*parse_expression(sentence).context, *anchors]))


def joined(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _in_words(place: Place) -> str:
    if place.anchor:
        return f"{_BESIDE.get(place.direction, place.direction)} {place.anchor}"
    name = _AMONG.get(place.direction, place.direction)
    number = ""
    if place.ordinal > 1:
        teen = 10 < place.ordinal % 100 < 14
        ending = "th" if teen else _ENDINGS.get(place.ordinal % 10, "th")
        number = f"{place.ordinal}{ending} "
    return f"{number}{name} of its kind"
