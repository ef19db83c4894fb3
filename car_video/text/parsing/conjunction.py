"""Expressions that name two or more different things: "the dog and the cat".

Each part becomes a query of its own, and the expression gets the masks of all its parts. What
follows the last of them is said of all: "the horse and rider above the bars" names the horse
above the bars and the rider above the bars.
"""

from __future__ import annotations

import re

from car_video.text.parsing.colours import SYNONYMS
from car_video.text.parsing.expression import ends_head, words_of
from car_video.text.parsing.negation import negated

_BEGINNINGS = frozenset(
    """a an the this that these those some another one two three four five six seven eight nine
    ten several many all both""".split()
)
_POSSESSIVES = frozenset("its his her their my your our".split())
_ADJECTIVES = frozenset(SYNONYMS) | frozenset(
    """big small large little huge tiny tall short long wide old young new wet dry fat thin slim
    round square wooden metal plastic striped spotted dotted checked hairy fluffy furry dirty
    clean bright shiny good bad left right upper lower""".split()
)
_JOINTS = re.compile(r",?\s+and\s+|\s*&\s*|,\s+", re.IGNORECASE)


def split_conjunction(text: str) -> tuple[str, ...]:
    """The parts of an expression that names several different things.

    Only an "and" (a "&", a comma) before anything that is said of the head counts, and only
    where both sides can stand alone: "a red and white bus" is one bus.

    Args:
        text: an expression.

    Returns:
        The parts; the text alone where it names one thing, or things of one kind.

    Example:
        >>> split_conjunction("a horse and its rider on the beach")
        ('a horse on the beach', 'the rider on the beach')
    """
    words = words_of(_JOINTS.sub(" and ", text), lower=False)
    lower = [word.lower() for word in words]
    end = next((n for n, word in enumerate(lower) if ends_head(word)), len(words))
    joints = [n for n in range(1, end - 1) if lower[n] == "and"]
    if not joints or any(negated(text)):
        return (text,)
    bounds = zip([-1, *joints], [*joints, end], strict=True)
    groups = [words[start + 1 : stop] for start, stop in bounds]
    if not all(groups) or not _stand_alone(groups):
        return (text,)
    rest = words[end:]
    return tuple(" ".join([*_definite(group), *rest]) for group in groups)


def _stand_alone(groups: list[list[str]]) -> bool:
    """Whether every group of words names a thing by itself."""
    for number, group in enumerate(groups):
        own = [word.lower() for word in group]
        if own[-1] in _ADJECTIVES | _BEGINNINGS | _POSSESSIVES:
            return False  # "a black and a white dog", "the young and old"
        if own[0] in _BEGINNINGS | _POSSESSIVES:
            if len(own) == 1:
                return False
        elif number == 0 or len(own) > 1 or len(groups[number - 1]) > 2:
            return False  # "red and white bus"; but "the horse and rider" are two
    return True


def _definite(group: list[str]) -> list[str]:
    """The words with an article in place of a possessive, or of none."""
    if group[0].lower() in _POSSESSIVES:
        return ["the", *group[1:]]
    return group if group[0].lower() in _BEGINNINGS else ["the", *group]
