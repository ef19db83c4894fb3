"""Whether an expression names several things: "the dogs", "two people", "all cars"."""

from __future__ import annotations

from car_video.text.parsing.expression import head_end, words_of
from car_video.text.parsing.word_classes import NO_PLURALS, TELEGRAMS

_SEVERAL = frozenset(
    """two three four five six seven eight nine ten both several many all some few these those
    various multiple""".split()
)
_ONE = frozenset("a an one no this that each every another single".split())
_IRREGULAR = frozenset(
    """people men women children kids mice geese feet teeth wolves knives leaves shelves calves
    policemen policewomen firemen fishermen sheep cattle deer oxen""".split()
)
_BOTH_NUMBERS = frozenset("sheep deer".split())
_GROUPS = frozenset("group couple crowd herd flock bunch team".split())
# The parser leaves what a thing does at the end of its noun phrase: "the dog runs".
VERBS = frozenset(
    """runs walks jumps rides sits stands turns looks flies drives swings moves goes comes eats
    plays holds wears catches throws kicks hits lies lays sleeps leans crosses enters
    leaves appears swims climbs falls dances skates surfs waits watches talks drinks carries
    pulls pushes rolls spins bounces shows has does gets takes makes stops starts
    rests""".split()
)


def names_others(text: str) -> bool:
    """Whether an expression names more of its kind by a pronoun: "the plate and two others".

    Args:
        text: one sentence or phrase, any case.
    """
    words = words_of(text)
    end = head_end(words)
    return "and" in words[:end] and words[end : end + 1] == ["others"]


def is_plural(noun_phrase: str) -> bool:
    """Whether a noun phrase names more than one thing.

    Args:
        noun_phrase: as :func:`~car_video.text.parsing.expression.parse_expression` finds it.

    Example:
        >>> is_plural("two people"), is_plural("the dogs"), is_plural("a red bus")
        (True, True, False)
    """
    words = words_of(noun_phrase)
    if not words or words[-1] in NO_PLURALS:
        return False
    if words[-1] in _GROUPS:
        return True
    counted = any(word in _SEVERAL for word in words[:-1])
    counted |= any(
        word.isdecimal() and word.lstrip("0") not in ("", "1") for word in words[:-1]
    )
    if words[-1] in VERBS and not counted:
        return False
    if words[-1].endswith(("'s", "\u2019s")) or not TELEGRAMS.isdisjoint(words[:-1]):
        return False
    if words[0] in _ONE and words[1:2] != ["few"]:
        return False
    last = words[-1]
    if last in _BOTH_NUMBERS:
        return counted
    return last in _IRREGULAR or (last.endswith("s") and not last.endswith(("ss", "us", "is")))
