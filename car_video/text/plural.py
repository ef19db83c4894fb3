"""Whether an expression names several things: "the dogs", "two people", "all cars"."""

from __future__ import annotations

from car_video.text.expression import words_of

_SEVERAL = frozenset(
    """two three four five six seven eight nine ten both several many all some few these those
    various multiple""".split()
)
_ONE = frozenset("a an one this that each every another single".split())
_IRREGULAR = frozenset(
    """people men women children kids mice geese feet teeth wolves knives leaves shelves calves
    policemen policewomen firemen fishermen sheep cattle deer oxen""".split()
)
_BOTH_NUMBERS = frozenset("sheep deer".split())
_GROUPS = frozenset("group pair couple crowd herd flock bunch team".split())
# End in s, but name one thing. What ends in ss, us or is does as well.
_NO_PLURALS = frozenset(
    """bus gas lens canvas christmas atlas swiss series species news mathematics gymnastics
    always perhaps pants jeans shorts trousers tights glasses sunglasses goggles scissors pliers
    binoculars headphones tennis""".split()
)


def names_several(noun_phrase: str) -> bool:
    """Whether a noun phrase names more than one thing.

    Args:
        noun_phrase: as :func:`~car_video.text.expression.parse_expression` finds it.

    Example:
        >>> names_several("two people"), names_several("the dogs"), names_several("a red bus")
        (True, True, False)
    """
    words = words_of(noun_phrase)
    if not words or words[-1] in _NO_PLURALS:
        return False
    if words[-1] in _GROUPS:
        return True
    counted = any(word in _SEVERAL for word in words[:-1])
    counted |= any(word.isdecimal() and int(word) > 1 for word in words[:-1])
    if words[0] in _ONE and words[1:2] != ["few"]:
        return False
    last = words[-1]
    if last in _BOTH_NUMBERS:
        return counted
    return last in _IRREGULAR or (last.endswith("s") and not last.endswith(("ss", "us", "is")))
