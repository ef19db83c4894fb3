"""What is said to whoever shall find a thing, and nothing of the thing: "find the dog, please".

A text encoder makes of "find the dog" another picture than of "the dog", and the first noun of
it would be "find".
"""

from __future__ import annotations

import re

_VERBS = (
    "find|see|show|segment|track|select|highlight|detect|locate|mask|mark|follow|outline|identify|"
    "isolate|extract|remove|count|get|give|spot|pick|choose|cut out|look for|search for|"
    "point to|point at|look at"
)
_ASKED = (
    r"(?:(?:can|could|would|will) you|i (?:want|need)(?: you)?(?: to)?|"
    r"(?:i would|i['\u2019]d) like(?: you)?(?: to)?|let(?: us|['\u2019]?s))"
)
_PLEASE = r"(?:please|pls|plz)"
_NOUN_PHRASE = (
    r"(?=(?:an?|the|this|that|these|those|all|every|each|both|any|my|his|her|its|their|our|your|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|\d+) \S)"
)
_POINTED = (
    r"(?:(?:it|this|that|here|there)(?: is|['\u2019]s)|(?:these|those|here|there) are) "
    r"(?=(?:an?|the|my|his|her|their|our|your) \S)"
)
_BEGINNING = re.compile(
    rf"(?:(?:hey|hi|hello|ok|okay),? (?=[\w'\u2019]+ ))?(?:"
    rf"(?:{_PLEASE},? )?(?:(?:{_ASKED} (?:{_PLEASE} )?)?(?:{_VERBS})(?: me| us| out)?|{_ASKED}|"
    rf"where(?: is| are|['\u2019]s)|(?:segmentation )?masks? (?:of|for)|{_PLEASE},?) "
    rf"{_NOUN_PHRASE}|{_POINTED}|"
    rf"(?:{_PLEASE},? )?(?:find|detect|locate) (?!of |out |in |the$|me$)(?=\w)|"
    rf"(?:{_PLEASE},? )?(?:find|show|give) me (?=\w)|"
    rf"(?:{_PLEASE},? )?segment (?=\w+$)|{_PLEASE},? (?=\S)|"
    r"(?:an? )?(?:photo|photograph|picture|image)s? of (?=an? \S))",
    re.IGNORECASE,
)
_END = re.compile(rf"(?<=\w)[\s,]+{_PLEASE}[\s.!?]*$", re.IGNORECASE)


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
