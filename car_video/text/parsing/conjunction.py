"""Expressions that name two or more different things: "the dog and the cat".

Each part becomes a query of its own, and the expression gets the masks of all its parts. What
follows the last of them is said of all: "the horse and rider above the bars" names the horse
above the bars and the rider above the bars.
"""

from __future__ import annotations

import re

from car_video.text.parsing.colour_words import HAIR
from car_video.text.parsing.colours import SYNONYMS
from car_video.text.parsing.expression import head_end, words_of
from car_video.text.parsing.negation import negated
from car_video.text.parsing.word_classes import SPATIAL, is_adjective, is_participle

_BEGINNINGS = frozenset(
    """a an the this that these those some another one two three four five six seven eight nine
    ten several many all both""".split()
)
_POSSESSIVES = frozenset("its his her their my your our".split())
_BACK = frozenset("him her his its".split())
"""They speak of one thing that was named before ("it" may be the weather)."""
_NO_THINGS = frozenset().union(
    SYNONYMS.keys() - HAIR - {"ginger"},
    SPATIAL,
    """big small large little huge tiny tall short long wide old young new wet dry fat thin slim
    round square wooden metal plastic striped spotted dotted checked hairy fluffy furry dirty
    clean bright shiny good bad fourth fifth sixth seventh eighth ninth tenth other others
    rest same""".split(),
)
"""Words that a phrase may end with only if its noun comes after the "and"."""
_LIST = re.compile(r"\s*[,;](?:\s+(?:and\s+)?|(?=[^\W\d]))", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+|\s*[&+]\s*", re.IGNORECASE)


def split_conjunction(text: str) -> tuple[str, ...]:
    """The parts of an expression that names several different things.

    Only an "and" (a "&", a "+", a comma) before anything that is said of the head counts, and
    only where both sides can stand alone: "a red and white bus" is one bus.

    Args:
        text: an expression.

    Returns:
        The parts; the text alone where it names one thing, or things of one kind.

    Example:
        >>> split_conjunction("a horse and its rider on the beach")
        ('a horse on the beach', 'the rider on the beach')
    """
    joined = _AND.sub(" and ", text)
    words = words_of(_LIST.sub(" and ", joined), lower=False)
    lower = [word.lower() for word in words]
    end = head_end(lower)
    joints = [n for n in range(1, end - 1) if lower[n] == "and"]
    if not joints or any(negated(text)):
        return (text,)
    bounds = zip([-1, *joints], [*joints, end], strict=True)
    groups = [words[start + 1 : stop] for start, stop in bounds]
    if groups[0] and groups[0][0].lower() == "both":
        groups[0] = groups[0][1:]  # "both the dog and the cat"
    only_commas = "and" not in joined.lower().split()
    if not all(groups) or not _stand_alone(groups, only_commas):
        return (text,)
    rest = words[end:]
    # "the man and his dog on his lap": what speaks of one of them is said of the last.
    apart = not _BACK.isdisjoint(lower[end:])
    own = [[] if apart else rest] * (len(groups) - 1) + [rest]
    return tuple(
        " ".join([*_definite(group), *said]) for group, said in zip(groups, own, strict=True)
    )


def _stand_alone(groups: list[list[str]], only_commas: bool) -> bool:
    """Whether every group of words names a thing by itself.

    Args:
        groups: words between the joints, at least one each.
        only_commas: what follows a comma is mostly said of the thing before ("the dog,
            asleep"): then each group needs a word that begins a noun phrase.
    """
    for number, group in enumerate(groups):
        last = group[-1].lower()
        number_7 = last.isdecimal() and len(group) > 2
        described = last in _NO_THINGS or is_participle(last)
        described |= is_adjective(last) and not last.isdecimal()
        if described or (not number_7 and (_begins(last) or len(last) == 1)):
            return False  # "a black and a white dog", "the young and old", "the H&M"
        if _begins(group[0].lower()):
            continue
        if only_commas or number == 0 or len(group) > 1 or len(groups[number - 1]) > 2:
            return False  # "red and white bus"; but "the horse and rider" are two
    return True


def _begins(word: str) -> bool:
    """Whether a word in lower case begins a noun phrase."""
    return word in _BEGINNINGS | _POSSESSIVES or word.isdecimal()


def _definite(group: list[str]) -> list[str]:
    """The words with an article in place of a possessive, or of none."""
    if group[0].lower() in _POSSESSIVES:
        return ["the", *group[1:]]
    return group if _begins(group[0].lower()) else ["the", *group]
