"""Words of place and order in an expression: "the second person from the left".

A text encoder knows that "left" is a place, but a map of one picture does not follow it; what
it says is taken out of the text and used as geometry (docs/places.md).
Rules over words: what looks like a place and is none ("facing left", "her right hand", "the
bag left behind", "the back of the bus") is recognised first and stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from car_video.text.parsing.anchors import attached, things
from car_video.text.parsing.expression import words_of
from car_video.text.parsing.negation import negated
from car_video.text.parsing.place_words import (
    BOUND,
    DEPTH,
    DIRECTION_OF,
    END,
    LOOSE,
    OPPOSITE,
    RELATION_OF,
    SCAN,
    Direction,
    number_of,
    unjoined,
)
from car_video.text.parsing.word_classes import is_motion, is_verb

__all__ = ["Direction", "Place", "PlacedExpression", "names_a_thing", "take_places"]


@dataclass(frozen=True)
class Place:
    """Where among its kind, or beside what, the thing that is named is.

    Attributes:
        direction: which end of the order counts ("front": nearest to the camera).
        ordinal: 1 is the extreme itself, 2 the second from there.
        anchor: noun phrase that it is on that side of ("the table"); empty: among its kind.
    """

    direction: Direction
    ordinal: int = 1
    anchor: str = ""


@dataclass(frozen=True)
class PlacedExpression:
    """An expression with its places taken out.

    Attributes:
        text: the rest ("a person in black" of "a person on the right in black"), as given
            where there is no place in it; may be empty ("right").
        places: in order of appearance.
    """

    text: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class _Count:
    """An ordinal: n-th, or n-th from the end where it is negative."""

    number: int


@dataclass(frozen=True)
class _Side:
    """A place as it is said: "from" it things are counted, "on" it they are."""

    place: Place
    counted_from: bool = False


NEAR = 400
"""Letters after an anchor within which its phrase ends."""
_OF_ITS_KIND = ("another", "the other", "all the other", "the rest")
_TO_ANOTHER = frozenset("to near by beside behind above below under than with and".split())
_COUNTING = frozenset("a an the one two three another with and".split())


def take_places(text: str) -> PlacedExpression:
    """Take words of place and order out of an expression.

    Args:
        text: one sentence or phrase, any case, English (other texts come back as they are).

    Example:
        >>> take_places("the second person from the left").places
        (Place(direction='left', ordinal=2, anchor=''),)
    """
    folded = " ".join(text.split())
    spoken = [unjoined(word) for word in words_of(folded)]
    denied = [no for no, parts in zip(negated(folded), spoken, strict=True) for _ in parts]
    line = " ".join(word for parts in spoken for word in parts)
    rest: list[str] = []
    found: list[_Side | _Count] = []
    end = 0
    while match := SCAN.search(line, end):
        no = denied[line.count(" ", 0, match.start())]
        kept, said = (match[0], ()) if no else _read(match, line)
        rest += [line[end : match.start()], kept]
        end = match.end()
        if any(side.place.anchor for side in said if isinstance(side, _Side)):
            tail = attached(line[end : end + NEAR].split())
            said = _with_tail(said, tail)
            end += sum(1 + len(word) for word in tail)
            if line[end:].startswith(" and "):  # it joins what else is said of the target
                del denied[line.count(" ", 0, end) + 1]
                line = line[:end] + line[end:].removeprefix(" and")
        found += said
    places = _counted(found)
    if not places:
        return PlacedExpression(folded, ())
    words = " ".join([*rest, line[end:]]).split()
    while words and words[-1] in LOOSE:
        words.pop()
    return PlacedExpression(" ".join(words), places)


def names_a_thing(text: str) -> bool:
    """Whether an expression says what to look for, not only where: False of "second from the
    left" and of "the left one"."""
    taken = take_places(text)
    return not taken.places or any(
        word not in LOOSE and word not in ("one", "ones") for word in words_of(taken.text)
    )


def _read(match: re.Match[str], line: str) -> tuple[str, Sequence[_Side | _Count]]:
    """What of a match stays in the text, and what it says."""
    if match["not"] is not None or match["part"] is not None:
        return match[0], ()
    before, after = line[: match.start()].split(), line[match.end() :].split()
    # "looks at a larger dog": said of another noun than the first ("one on the left" is not).
    other = len(before) > 1 and before[-1] in _COUNTING
    other &= not (before[-1:] == ["one"] and match["lead"])
    anchored = ("beside_it", "above_it", "behind_it")
    if other and all(match[name] is None for name in anchored):
        return match[0], ()
    if _of_another(match, before, after):
        return match[0], ()
    if match["them"] is not None:
        one = match["one_of"]
        known = DIRECTION_OF.get(one)
        said = _Count(number_of(one)) if known is None else _Side(Place(known))
        return match["of_the"] or "", (said,)
    if match["ordinal"] is not None:
        return "", (_Count(number_of(match["ordinal"])),)
    if match["beside_it"] is not None:
        return "", _beside(match, DIRECTION_OF[match["side"]], match["beside"])
    if match["above_it"] is not None:
        return "", _beside(match, RELATION_OF[match["vertical"]], match["above"])
    if match["behind_it"] is not None:
        if "with" in before:
            return match[0], ()  # "a woman with trees behind the house"
        anchor: str = match["behind"]
        if anchor.startswith(_OF_ITS_KIND):  # "the elephant behind the other one"
            anchor = ""
        return "", _beside(match, RELATION_OF[match["depth"]], anchor)
    words = [w for w in match["words"].split() if w != "and"]
    if not _is_place(match, words, before, after):
        return match[0], ()
    # "in the right lane" keeps its "in the"; "on the right", "the leftmost" go as a whole.
    names = bool(after) and after[0] not in LOOSE and not re.match(END, " " + after[0])
    kept = (match["lead"] or "") + match["the"] if names and match["the"] else ""
    counted_from = (match["lead"] or "").endswith("from ")
    return kept, tuple(_Side(Place(DIRECTION_OF[w]), counted_from) for w in words)


def _beside(match: re.Match[str], direction: Direction, anchor: str) -> tuple[_Side, ...]:
    """The places beside an anchor: two of "behind and left of the car"."""
    also = match["also"]
    directions = (direction,) if also is None else (RELATION_OF[also], direction)
    return tuple(_Side(Place(one, anchor=anchor)) for one in directions)


def _with_tail(said: Sequence[_Side | _Count], tail: list[str]) -> list[_Side | _Count]:
    """What is said of an anchor, of all that it names: "behind the post and the tree" is behind
    both."""
    told: list[_Side | _Count] = []
    for one in said:
        if isinstance(one, _Side) and one.place.anchor:
            names = things([*one.place.anchor.split(), *tail])
            told += [replace(one, place=replace(one.place, anchor=name)) for name in names]
        else:
            told.append(one)
    return told


def _of_another(match: re.Match[str], before: list[str], after: list[str]) -> bool:
    """Whether a place is of something else: "next to the left one", "taller than her"."""
    if after[:1] == ["than"]:
        return True
    if not match["the"] or after[:1] not in (["one"], ["ones"]):
        return False
    leading = [*before, *(match["lead"] or "").split()]
    return bool(leading) and leading[-1] in _TO_ANOTHER


def _is_place(
    match: re.Match[str], words: list[str], before: list[str], after: list[str]
) -> bool:
    if _is_course(match, words, before):
        return False
    fitting = words == ["right"] and not match["lead"] and after[1:2] == ["to"]
    if fitting and is_verb("".join(after[2:3])):
        return False  # "the right one to hold"
    if words == ["back"] and (match["picture"] or "").startswith(" to "):
        return False
    if "with" in before and DIRECTION_OF[words[0]] in ("front", "back"):
        return False  # "a woman with trees in the background"
    if match["picture"] is not None or len(words) > 1 or words[0] not in BOUND:
        return True
    if after[:1] in (["of"], ["to"]):
        return False
    if match["lead"] is not None:
        return words[0] not in DEPTH or not match["lead"].endswith("on ")
    if match["far"]:
        return True
    first = all(word in ("the", "a", "an") for word in before)
    last = not after and len(before) < 4 and words[0] in ("bottom", "center", "centre", "front")
    return first or last


def _is_course(match: re.Match[str], words: list[str], before: list[str]) -> bool:
    """Whether a side is where something moves: "walking along the path to the right"."""
    if match["picture"] is not None or not any(is_motion(word) for word in before):
        return False
    directions = {DIRECTION_OF[word] for word in words}
    if directions <= {"front", "back"}:
        return match["lead"] is None and is_motion(before[-1])  # "comes closer"
    toward = (match["lead"] or "").split()[-1:]
    return directions <= {"left", "right"} and toward in (["to"], ["toward"], ["towards"])


def _counted(found: list[_Side | _Count]) -> tuple[Place, ...]:
    """Give every ordinal to the side that it counts from: the next one, else the one before;
    without any, things are counted as they are read, from the left."""
    sides = [n for n, p in enumerate(found) if isinstance(p, _Side) and not p.place.anchor]
    ordinals: dict[int, int] = {}
    bare: list[Place] = []
    for at, count in enumerate(found):
        if isinstance(count, _Side):
            continue
        if sides:
            ordinals.setdefault(next((n for n in sides if n > at), sides[-1]), count.number)
        else:
            bare.append(Place("left" if count.number > 0 else "right", abs(count.number)))
    places = bare[:1] + [
        _nth(p, ordinals.get(n, 1)) for n, p in enumerate(found) if isinstance(p, _Side)
    ]
    directions = {p.direction for p in places if not p.anchor}
    if any(OPPOSITE.get(one) in directions for one in directions):
        return ()  # "the left and right dogs": two things, or none that we understand
    return tuple(dict.fromkeys(places))


def _nth(side: _Side, number: int) -> Place:
    """The n-th of a side. The last from the left is the rightmost; so is the last on the right,
    where reading ends."""
    direction = side.place.direction
    if number < 0 and side.counted_from:
        direction = OPPOSITE.get(direction, direction)
    return replace(side.place, direction=direction, ordinal=abs(number))
