"""What is said to whoever shall find a thing, and nothing of the thing: "find the dog, please".

A text encoder makes of "find the dog" another picture than of "the dog", and the first noun of
it would be "find".
"""

from __future__ import annotations

import re

_VERBS = (
    "find|see|show|segment|track|select|highlight|detect|locate|mask|mark|follow|outline|identify|"
    "isolate|extract|remove|count|get|spot|pick|choose|cut out|look for|search for|point to|"
    "point at|look at"
)
_ASKED = (
    r"(?:(?:can|could|would|will) you|i (?:want|need)(?: you)?(?: to)?|"
    r"(?:i would|i['\u2019]d) like(?: you)?(?: to)?|let(?: us|['\u2019]s))"
)
_NOUN_PHRASE = (
    r"(?=(?:an?|the|this|that|these|those|all|every|each|both|any|my|his|her|its|their|our|your|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|\d+) \S)"
)
_BEGINNING = re.compile(
    rf"(?:please,? )?(?:(?:{_ASKED} (?:please )?)?(?:{_VERBS})(?: me| us| out)?|{_ASKED}|"
    r"where(?: is| are|['\u2019]s)|(?:segmentation )?masks? (?:of|for)|please,?) "
    rf"{_NOUN_PHRASE}|(?:please,? )?(?:find|detect|locate) (?!of |out |in |the$|me$)(?=\w)|"
    r"(?:please,? )?segment (?=\w+$)|please,? (?=\S)|"
    r"(?:an? )?(?:photo|photograph|picture|image) of (?=an? \S)",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=\w)[\s,]+please[\s.!?]*$", re.IGNORECASE)


def without_request(text: str) -> str:
    """An expression without what only asks for its thing; others come back as they are.

    Args:
        text: one sentence or phrase, any case, English, white space folded.

    Example:
        >>> without_request("Please find the dog on the left")
        'the dog on the left'
        >>> without_request("the find")
        'the find'
    """
    rest = _END.sub("", text)
    begun = _BEGINNING.match(rest)
    return rest[begun.end() :] if begun else rest
