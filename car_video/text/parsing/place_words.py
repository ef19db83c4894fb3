"""Words of place and order, and the grammar around them, as regular expressions.

:mod:`car_video.text.parsing.places` reads what they find.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

Direction = Literal[
    "left", "right", "top", "bottom", "middle", "front", "back", "biggest", "smallest",
    "tallest", "shortest",
]  # fmt: skip

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
    "tallest": "tallest taller",
    "shortest": "shortest shorter",
}
assert tuple(_DIRECTIONS) == get_args(Direction)
DIRECTION_OF = {word: d for d, words in _DIRECTIONS.items() for word in words.split()}
OPPOSITE: dict[Direction, Direction] = {
    "left": "right", "right": "left", "top": "bottom", "bottom": "top",
    "front": "back", "back": "front", "biggest": "smallest", "smallest": "biggest",
    "tallest": "shortest", "shortest": "tallest",
}  # fmt: skip
RELATION_OF: dict[str, Direction] = {
    "behind": "back", "in front of": "front", "in front": "front",
    "above": "top", "below": "bottom", "beneath": "bottom", "underneath": "bottom",
    "to the left of": "left", "left of": "left",
    "to the right of": "right", "right of": "right",
}  # fmt: skip
_COUNTED = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_RANKS = {word: number for number, word in enumerate(_COUNTED, 1)}
_DIGITS = r"[1-9]\d?(?:st|nd|rd|th)"
# Places only where the grammar around them says so; the other words wherever they stand.
BOUND = frozenset("top upper bottom lower center centre central front back rear far".split())
DEPTH = frozenset("front back rear".split())  # "on the back" is a person's back
LOOSE = frozenset("the a an that which who is are was were and of in on at to from".split())

_ANY = "|".join(sorted(DIRECTION_OF, key=len, reverse=True))
_THE = "(?:the|a|an|this|that)"
_VIEWER = "(?:(?:the|your|my) (?:camera|viewer|lens|photographer)|us|me|you)"
_PICTURE = (
    rf"(?:{_THE} )?(?:whole )?(?:picture|photo|photograph|image|screen|frame|camera|shot|pic|"
    "view|viewer|lens|photographer|scene|us|me|you|group|row|line|bunch|pack|herd|them|all|"
    "others|rest|everyone|"
    r"(?:two|three|four|pair|couple)(?= of|$))\b"
)
_PARTS = (  # of bodies, clothes and vehicles, no places among several of them
    "(?:hands?|arms?|forearms?|legs?|foot|feet|eyes?|eyebrows?|ears?|earrings?|cheeks?|"
    "shoulders?|knees?|thighs?|calf|ankles?|heels?|hips?|thumbs?|palms?|paws?|hoof|hooves|"
    "claws?|wings?|fins?|flippers?|horns?|tusks?|antlers?|sleeves?|cuffs?|gloves?|mittens?|"
    "shoes?|boots?|sneakers?|socks?|skis?|skates?|pedals?|wheels?|tires?|tyres?|doors?|seats?|"
    "pockets?|lights?|headlights?|taillights?|blinkers?|fenders?|engines?|windows?|half|"
    "teeth|wrists?|elbows?|body|lip|yard|pack|handed|hat|aged?|school|finger|base|floor|aid|"
    "class|place|time|street|avenue|gear|"
    r"century|birthday|night|year|week|month|name)\b(?! (?:side|corner)\b)"
)
_GAZE = (
    "(?:faces?|facing|look(?:s|ing)?|turn(?:s|ed|ing)?|point(?:s|ed|ing)?|go(?:es|ing)|"
    "mov(?:es?|ing)|walk(?:s|ing)?|runs?|running|head(?:s|ed|ing)|lean(?:s|ing)?|driv(?:es?|ing)|"
    "rid(?:es?|ing)|fly(?:ing)?|swim(?:s|ming)|gaz(?:es?|ing)|star(?:es?|ing)|"
    "tilt(?:s|ed|ing)|reach(?:es|ing)?|bend(?:s|ing)|swing(?:s|ing))"
)
_NOUN = rf"(?:{_THE} )?(?!(?:{_ANY}|and)\b)[^\s]+(?: [^\s]+){{0,5}}?"
END = (
    r"(?= (?:in|on|at|by|near|beside|behind|under|over|above|below|with|without|who|whose|"
    r"which|that|is|are|was|were|and|of|from|to|not|no|but|except|next|close|opposite|along|"
    r"across|against|around|among|between|beneath|underneath|inside|outside|through|past|while|"
    r"\w{2,}ing)\b|$)"
)
_NEAR = "(?:closest|nearest|closer|nearer|farthest|furthest|farther|further)"
_NOT_A_PLACE = "|".join(
    (
        rf"(?:his|her|its|their|my|your|[^\s]+'s) (?:own )?(?:{_ANY})\b",
        rf"{_GAZE} (?:(?:off|out|slightly|straight) )*(?:to |towards? )?"
        rf"(?:the |his |her |its |their )?(?:{_ANY})\b(?! (?:side )?of\b)",
        "right(?= (?:behind|beside|next|near|above|under|below|beneath|beyond|after|before|now|"
        r"there|here|away|by|in front|in the middle|on top|up|down)\b)",
        r"left (?:behind|alone|over|open|the|a|an|his|her|its|their|my|home)\b",
        r"(?:has|have|had|having|who|which|just|already|recently) left\b(?! of\b)",
        r"(?<=\S )that left\b(?! (?:of|side)\b)",  # "that left dog" starts with it
        rf"(?:(?:in|on|at) )?(?:the )?(?:{_ANY})(?: (?:part|side|end|hand|arm|leg|foot))? of "
        rf"(?!{_PICTURE})",
        "from (?:the )?(?:left|right) to (?:the )?(?:left|right)",
        rf"{_NEAR} (?:to|from) (?!{_PICTURE}|(?:{_THE} )?(?:{_ANY})\b)",
        rf"{_NEAR} (?=(?:the|a|an|that|this|his|her|its|their) )"
        rf"(?!{_VIEWER}\b|(?:{_THE} )?(?:{_ANY})\b)",
    )
)
# Where nothing is named before it, the side of a thing is part of that thing.
_SIDE_OF = (
    rf"\A(?:{_THE} )?(?:{_ANY})(?: (?:hand )?(?:side|half|edge|end|corner|part|portion)|"
    rf" (?:lane|half)\b(?= of)) of (?!{_PICTURE})|\A(?:{_THE} )?(?:left|right) lane\b"
)
_NO_PLACE_IN = rf"(?!(?:{_THE} )?(?:{_ANY}|row|line)\b|{_PICTURE})[^\s]+(?: [^\s]+){{0,3}}?"
_WORN = rf"(?: (?:in|wearing) {_NO_PLACE_IN})?"  # "the woman in red": of the noun before it
_DRESSED = rf"(?: (?:in|with|wearing) {_NO_PLACE_IN})?"
_BESIDE = (
    r"(?:(?:on|to|at|in|off to) )?(?:the )?(?:(?:far|immediate|just) )*(?P<side>left|right)"
    r"(?:(?: hand)? (?:side|edge|end|corner|part))? (?:of|from) "
    rf"(?!{_PICTURE})(?P<beside>{_NOUN}{_WORN}){END}"
)
_SOMEBODY = "(?:him|her|it|them|this|that|himself|herself|itself|themselves|one|each)"
_BEHIND = (  # "behind the car"; "in front of us" is nearest to the camera
    r"(?:(?:right|directly|just|immediately|far|close) )*(?P<depth>behind|in front of) "
    rf"(?!{_PICTURE}|{_SOMEBODY}\b)(?P<behind>{_NOUN}{_DRESSED}){END}"
)
_ABOVE = rf"(?P<vertical>above|below|beneath|underneath) (?P<above>{_NOUN}{_WORN}){END}"
_PLACE = (
    r"(?P<lead>(?:(?:all|over|up|out|off|way|most|far|closest|nearest|farthest|furthest|farther|"
    r"further|the(?= way)) )*"
    rf"(?:in|on|at|to|from|towards?|near|by|(?:nearest|closest)(?= the (?:{_ANY})\b)) )?"
    r"(?P<the>(?:the |this |that )?)"
    r"(?P<far>(?:(?:very|extreme|far|way|immediate|most|furthest|farthest) )*)"
    rf"(?P<words>(?:{_ANY})(?: (?:and )?(?:{_ANY}))*)(?! {_PARTS})"
    r"(?:(?: hand)?(?: (?:side|edge|end|corner|most|area|section|row|away))?)(?!\S)"
    rf"(?P<picture> (?:of|from|to|in) {_PICTURE}|"
    rf"(?:(?<=nearest)|(?<=closest)|(?<=closer)|(?<=nearer)) {_VIEWER}\b)?"
)
_NUMBER = rf"(?:{'|'.join(sorted(_RANKS, key=len, reverse=True))}|{_DIGITS})"
_MANY = "(?:two|three|four|five|six|seven|eight|nine|ten|few|many|several|[2-9]|\\d\\d)"
_LAST = rf"(?:(?:{_NUMBER}|next) (?:(?:to|from) (?:the )?)?)?last"
_ORDINAL = (
    rf"(?P<ordinal>{_LAST}|{_NUMBER})(?!\S| {_PARTS}| (?:row|shelf)\b|"
    r" to (?!(?:the|left|right|top|bottom|last|my|your)\b)|"  # "the first to arrive"
    rf" of (?!{_PICTURE})| {_MANY}\b)"  # "the first two dogs" are two
)
_OF_THEM = (  # "the smallest of the three dogs", "the second of the dogs"
    rf"(?P<of_the>the )?(?P<one_of>{_LAST}|{_NUMBER}|(?:left|right|top|bottom|upper|lower)most|"
    r"biggest|largest|bigger|larger|smallest|smaller|tiniest|tallest|taller|shortest|shorter|"
    r"closest|nearest|farthest|furthest)"
    r"(?: one)? (?:out )?(?:of|among|from among) (?:all )?(?:(?:of )?(?:the|these|those) )?"
    rf"(?:{_MANY}\b(?: |$)|(?=(?:[^\s]+ )?(?:[^\s]+[^s\s]s|people|men|women|children|sheep)\b))"
    rf"(?!{_PICTURE})"
)
_ALSO = (  # "behind and left of the car": two places beside one thing
    rf"(?:(?P<also>{'|'.join(RELATION_OF)}) and )?"
)
SCAN = re.compile(
    rf"(?<!\S)(?:(?P<them>{_OF_THEM})|(?P<part>{_SIDE_OF})|{_ALSO}(?:(?P<beside_it>{_BESIDE})|"
    rf"(?P<above_it>{_ABOVE})|(?P<behind_it>{_BEHIND}))|(?P<not>{_NOT_A_PLACE})|{_PLACE}|{_ORDINAL})"
)
_JOINED = re.compile(rf"\b({_ANY})-(?=(?:{_ANY}|most|hand|side)\b)")


def unjoined(word: str) -> list[str]:
    """A word, in two where a place is joined to another ("left-most")."""
    return _JOINED.sub(r"\1 ", word).split()


def number_of(ordinal: str) -> int:
    """What an ordinal says: 2 of "second" or "2nd", -1 of "last", -2 of "second to last"."""
    first, *rest = ordinal.split()
    if first == "last":
        return -1
    number = 2 if first == "next" else _RANKS.get(first) or int(first[:-2])
    return -number if rest else number
