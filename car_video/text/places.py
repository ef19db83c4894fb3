"""Words of place and order in an expression: "the second person from the left".

A text encoder knows that "left" is a place, but a map of one picture does not follow it; what
it says is taken out of the text and into geometry (:mod:`car_video.segment.spatial`). Rules
over words: what looks like a place and is none ("facing left", "her right hand", "right
behind", "the back of the bus") is recognised first and stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from car_video.text.expression import words_of

Direction = Literal[
    "left", "right", "top", "bottom", "middle", "front", "back", "biggest", "smallest"
]


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


_DIRECTIONS: dict[Direction, str] = {
    "left": "left leftmost lefthand",
    "right": "right rightmost righthand",
    "top": "top topmost upper uppermost",
    "bottom": "bottom bottommost lower lowest lowermost",
    "middle": "middle center centre central",
    "front": "front foreground closest nearest closer nearer",
    "back": "back background rear far farthest furthest farther further",
    "biggest": "biggest largest bigger larger",
    "smallest": "smallest smaller tiniest littlest",
}
_DIRECTION_OF = {word: d for d, words in _DIRECTIONS.items() for word in words.split()}
_ORDINALS = {
    word: number
    for number, words in enumerate(
        ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th"), 1
    )
    for word in words.split()
}
_OPPOSITE = (("left", "right"), ("top", "bottom"), ("front", "back"), ("biggest", "smallest"))
# Places only where the grammar around them says so; the other words wherever they stand.
_BOUND = frozenset("top upper bottom lower center centre central front back rear far".split())
_DEPTH = frozenset("front back rear".split())  # "on the back" is the back of somebody

_ANY = "|".join(sorted(_DIRECTION_OF, key=len, reverse=True))
_THE = "(?:the|a|an|this|that)"
_PICTURE = (
    rf"(?:{_THE} )?(?:whole )?(?:picture|photo|photograph|image|screen|frame|camera|shot|pic|"
    "view|viewer|scene|us|me|you|group|row|line|bunch|pack|herd|them|all|others|rest|everyone|"
    r"(?:two|three|four|pair|couple)(?= of|$))\b"
)
_PARTS = (  # of bodies and things, no places among several of them
    "(?:hands?|arms?|legs?|foot|feet|eyes?|ears?|shoulders?|knees?|paws?|wings?|horns?|sleeves?|"
    "shoes?|wheels?|tires?|tyres?|doors?|seats?|pockets?|lights?|headlights?|windows?|half|"
    "teeth|wrists?|elbows?|body|lip|yard|pack|handed|hat|aged?|school|finger|base|floor|aid|"
    r"class|place|time)\b(?! (?:side|corner)\b)"
)
_GAZE = (
    "(?:faces?|facing|look(?:s|ing)?|turn(?:s|ed|ing)?|point(?:s|ed|ing)?|go(?:es|ing)|"
    "mov(?:es?|ing)|walk(?:s|ing)?|runs?|running|head(?:s|ed|ing)|lean(?:s|ing)?|driv(?:es?|ing)|"
    "rid(?:es?|ing)|fly(?:ing)?|swim(?:s|ming)|gaz(?:es?|ing)|star(?:es?|ing)|"
    "tilt(?:s|ed|ing)|reach(?:es|ing)?|bend(?:s|ing)|swing(?:s|ing))"
)
_NOUN = rf"(?:{_THE} )?(?!(?:{_ANY})\b)[^\s]+(?: [^\s]+){{0,5}}?"
_END = (
    r"(?= (?:in|on|at|by|near|beside|behind|under|over|above|below|with|without|who|whose|"
    r"which|that|is|are|was|were|and|of|from|to|\w{2,}ing)\b|$)"
)
_NOT_A_PLACE = "|".join(
    (
        rf"(?:his|her|its|their|my|your|[^\s]+'s) (?:own )?(?:{_ANY})\b",
        rf"{_GAZE} (?:(?:off|out|slightly|straight) )*(?:to |towards? )?"
        rf"(?:the |his |her |its |their )?(?:{_ANY})\b(?! (?:side )?of\b)",
        "right(?= (?:behind|beside|next|near|above|under|below|beneath|beyond|after|before|now|"
        r"there|here|away|by|in front|in the middle|on top|up|down)\b)",
        r"left (?:behind|alone|over|open)\b",
        r"(?:has|have|had|who|just) left\b",
        rf"(?:(?:in|on|at) )?(?:the )?(?:{_ANY})(?: (?:part|side|end))? of (?!{_PICTURE})",
        rf"(?:closest|nearest|closer|nearer|farthest|furthest) (?:to|from) (?!{_PICTURE})",
    )
)
_BESIDE = (
    r"(?:(?:on|to|at|in|off to) )?(?:the )?(?:(?:far|immediate|just) )*(?P<side>left|right)"
    r"(?: hand)?(?: (?:side|edge|end|corner|part))? (?:of|from) "
    rf"(?!{_PICTURE})(?P<beside>{_NOUN}){_END}"
)
_ABOVE = rf"(?P<vertical>above|below|beneath|underneath) (?P<above>{_NOUN}){_END}"
_PLACE = (
    r"(?P<lead>(?:(?:all|over|up|out|off|way) )*(?:in|on|at|to|from|towards?|near|by) )?"
    r"(?P<the>(?:the |this )?)(?P<far>(?:(?:very|extreme|far|way|immediate) )*)"
    rf"(?P<words>(?:{_ANY})(?: (?:and )?(?:{_ANY}))*)(?! {_PARTS})"
    r"(?:(?: hand)?(?: (?:side|edge|end|corner|most|area|section|row|away))?)\b"
    rf"(?P<picture> (?:of|from|to|in) {_PICTURE})?"
)
_ORDINAL = rf"(?P<ordinal>{'|'.join(_ORDINALS)})\b(?! {_PARTS}| (?:row|shelf)\b)"
_SCAN = re.compile(
    rf"(?<!\S)(?:(?P<beside_it>{_BESIDE})|(?P<above_it>{_ABOVE})|(?P<not>{_NOT_A_PLACE})|"
    rf"{_PLACE}|{_ORDINAL})"
)
_JOINED = re.compile(rf"\b({_ANY})-(?=(?:{_ANY}|most|hand|side)\b)")
_LOOSE = frozenset("the a an that which who is are was were and of in on at to from".split())

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
    line = _JOINED.sub(r"\1 ", " ".join(words_of(folded)))
    rest: list[str] = []
    found: list[Place | int] = []
    end = 0
    for match in _SCAN.finditer(line):
        kept, places = _read(match, line)
        rest += [line[end : match.start()], kept]
        end = match.end()
        found += places
    places = _counted(found)
    if not places:
        return PlacedExpression(folded, ())
    words = " ".join([*rest, line[end:]]).split()
    while words and words[-1] in _LOOSE:
        words.pop()
    return PlacedExpression(" ".join(words), places)


def _read(match: re.Match[str], line: str) -> tuple[str, Sequence[Place | int]]:
    """What of a match stays in the text, and what it says: places, or an ordinal."""
    if match["not"] is not None:
        return match[0], ()
    before, after = line[: match.start()].split(), line[match.end() :].split()
    # "looks at a larger dog": said of another noun than the first.
    other = len(before) > 1 and before[-1] in _COUNTING
    if other and match["beside_it"] is None and match["above_it"] is None:
        return match[0], ()
    if match["ordinal"] is not None:
        return "", (_ORDINALS[match["ordinal"]],)
    if match["beside_it"] is not None:
        return "", (Place(_DIRECTION_OF[match["side"]], anchor=match["beside"]),)
    if match["above_it"] is not None:
        above = match["vertical"] == "above"
        return "", (Place("top" if above else "bottom", anchor=match["above"]),)
    words = [w for w in match["words"].split() if w != "and"]
    if not _is_place(match, words, before, after):
        return match[0], ()
    # "in the right lane" keeps its "in the"; "on the right", "the leftmost" go as a whole.
    names = bool(after) and after[0] not in _LOOSE and not re.match(_END, " " + after[0])
    kept = (match["lead"] or "") + match["the"] if names and match["the"] else ""
    return kept, tuple(Place(_DIRECTION_OF[w]) for w in words)


def _is_place(
    match: re.Match[str], words: list[str], before: list[str], after: list[str]
) -> bool:
    if words == ["back"] and (match["picture"] or "").startswith(" to "):
        return False
    if "with" in before and _DIRECTION_OF[words[0]] in ("front", "back"):
        return False  # "a woman with trees in the background"
    if match["picture"] is not None or len(words) > 1 or words[0] not in _BOUND:
        return True
    if after[:1] in (["of"], ["to"]):
        return False
    if match["lead"] is not None:
        return words[0] not in _DEPTH or not match["lead"].endswith("on ")
    if match["far"]:
        return True
    first = all(word in ("the", "a", "an") for word in before)
    last = not after and len(before) < 4 and words[0] in ("bottom", "center", "centre", "front")
    return first or last


def _counted(found: list[Place | int]) -> tuple[Place, ...]:
    """Give every ordinal to the side that it counts from: the next one, else the one before;
    without any, things are counted as they are read, from the left."""
    sides = [n for n, p in enumerate(found) if isinstance(p, Place) and not p.anchor]
    ordinals: dict[int, int] = {}
    bare: list[Place] = []
    for at, number in enumerate(found):
        if isinstance(number, int) and sides:
            ordinals.setdefault(next((n for n in sides if n > at), sides[-1]), number)
        elif isinstance(number, int):
            bare.append(Place("left", number))
    places = bare[:1] + [
        replace(p, ordinal=ordinals.get(n, 1))
        for n, p in enumerate(found)
        if isinstance(p, Place)
    ]
    directions = {p.direction for p in places if not p.anchor}
    if any({one, other} <= directions for one, other in _OPPOSITE):
        return ()  # "the left and right dogs": two things, or none that we understand
    return tuple(dict.fromkeys(places))
