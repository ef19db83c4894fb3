"""The phrase that names the anchor of a place: where it ends, and what it names.

"behind the post and the tree" is behind two things, "behind the blue and white bus" behind one.
"""

from __future__ import annotations

from collections.abc import Sequence

from car_video.text.parsing.conjunction import split_conjunction
from car_video.text.parsing.expression import head_end
from car_video.text.parsing.place_words import DIRECTION_OF
from car_video.text.parsing.word_classes import (
    DETERMINERS,
    is_adjective,
    is_finite_verb,
    is_gerund,
)

LONGEST = 16
"""Words of a noun phrase at most, so that the time is linear in the length of a text."""


def attached(after: Sequence[str]) -> list[str]:
    """The words after an anchor's noun that still belong to it.

    An "of" and an "and" attach to the nearest noun. So do the adjectives and the noun after
    them, but not what is said of the target: a verb, a preposition, another place.

    Args:
        after: words in lower case that follow the anchor's first noun phrase.

    Example:
        >>> attached("of rocks and the house on the hill".split())
        ['of', 'rocks', 'and', 'the', 'house']
    """
    taken = 0
    while taken < len(after) and after[taken] in ("of", "and"):
        phrase = _noun_phrase(after[taken + 1 : taken + 1 + LONGEST])
        if not phrase:
            break
        taken += 1 + phrase
    return list(after[:taken])


def things(words: Sequence[str]) -> list[str]:
    """The things that an anchor names, each with what is said of it alone.

    Example:
        >>> things("the trunk and the heap of stones".split())
        ['the trunk', 'the heap of stones']
    """
    groups = [group.split() for group in " ".join(words).split(" and ")]
    heads = [" ".join(group).split(" of ")[0] for group in groups]
    if len(split_conjunction(" and ".join(heads))) == len(groups):
        return [" ".join(group) for group in groups]
    return [" ".join(words)]


def _noun_phrase(words: Sequence[str]) -> int:
    """How many words the noun phrase has that they begin with; 0 where they begin with none."""
    start = 1 if words[:1] and words[0] in DETERMINERS else 0
    first = "".join(words[start : start + 1])
    acts = not start and (is_gerund(first) or is_finite_verb(first))
    if acts or first in DIRECTION_OF or first == "close":
        return 0
    end = head_end(words)
    while end and words[end - 1] == "and":  # it joins what comes after the phrase
        end -= 1
    if list(words[end : end + 1]) == ["others"]:  # "behind the plate and two others"
        return end + 1
    # "behind the fence and black": said of the target.
    return 0 if end and is_adjective(words[end - 1]) else end
