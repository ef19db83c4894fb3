"""Two things at opposite places: "the dog on the left and the cat on the right".

An "and" after a place mostly attaches to the nearest noun ("behind the post and the tree").
Where what follows it is said to be at the opposite place, it is another thing.
"""

from __future__ import annotations

from car_video.text.parsing.expression import words_of
from car_video.text.parsing.place_words import OPPOSITE
from car_video.text.parsing.places import Place, names_a_thing, take_places
from car_video.text.parsing.word_classes import DETERMINERS

JOINTS = 4
"""How many "and" are tried, from the last: each takes a reading of the whole text."""
_HELD = frozenset("with between of has have had having".split())
"""After these things are listed that belong to one: "a man with a dog on the left and ..."."""
_IT = frozenset("it them".split())


def split_opposites(text: str) -> tuple[str, ...]:
    """The two parts of an expression that names two things at opposite places.

    Args:
        text: an expression.

    Returns:
        Both, each with its own place, "it" replaced by what it stands for; the text alone where
        it is no such expression.

    Example:
        >>> split_opposites("the man behind the bar and the woman in front of it")
        ('the man behind the bar', 'the woman in front of the bar')
    """
    words = words_of(text, lower=False)
    lower = [word.lower() for word in words]
    joints = [n for n, word in enumerate(lower[:-1]) if word == "and"]
    for joint in joints[: -JOINTS - 1 : -1]:  # the nearest to the opposite place
        if lower[joint + 1] not in DETERMINERS:
            continue
        first = " ".join(words[:joint])
        taken = take_places(first)
        places = taken.places
        if not _HELD.isdisjoint(words_of(taken.text)):
            continue
        anchors = [place.anchor for place in places if place.anchor]
        last = words[joint + 1 :]
        if anchors and last[-1].lower() in _IT:
            # Nothing is beside itself: "... the sofa and the sofa below it" is below the first.
            own = lower[joint + 1 : joint + 1 + len(anchors[0].split())]
            beside_itself = " ".join(own) == anchors[0].lower()
            last[-1] = taken.text if beside_itself else anchors[0]
        second = " ".join(last)
        both_named = names_a_thing(first) and names_a_thing(second)
        if both_named and _opposed(places, take_places(second).places):
            return first, second
    return (text,)


def _opposed(places: tuple[Place, ...], others: tuple[Place, ...]) -> bool:
    """Whether one of each is the opposite of the other, both beside something or both not."""
    return any(
        OPPOSITE.get(one.direction) == other.direction
        and bool(one.anchor) == bool(other.anchor)
        for one in places
        for other in others
    )
