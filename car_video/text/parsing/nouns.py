"""The head noun of a phrase, in the forms under which a dictionary may have it."""

from __future__ import annotations

from collections.abc import Iterator

from car_video.text.parsing.colour_words import HAIR, NOUNS
from car_video.text.parsing.colours import SYNONYMS
from car_video.text.parsing.expression import words_of
from car_video.text.parsing.plural import VERBS
from car_video.text.parsing.word_classes import DETERMINERS, is_adjective

_ENDINGS = (
    ("ies", "y"), ("men", "man"), ("ves", "f"), ("ses", "s"), ("xes", "x"), ("zes", "z"),
    ("ches", "ch"), ("shes", "sh"), ("s", ""),
)  # fmt: skip
"""Endings of plurals and what they come from: the detachment rules of WordNet's morphy(7WN)."""
_IRREGULAR = {
    "men": "man", "mice": "mouse", "geese": "goose", "feet": "foot", "teeth": "tooth",
    "oxen": "ox", "knives": "knife", "calves": "calf", "people": "person", "children": "child",
}  # fmt: skip

_AFTER = (SYNONYMS.keys() - NOUNS - HAIR - {"ginger"}) | {"and"}
"""Colours that may follow their noun, and are none."""


def base_forms(word: str) -> list[str]:
    """A word and the singulars that it may be a plural of.

    Args:
        word: lower case.

    Example:
        >>> base_forms("buses")
        ['buses', 'bus', 'buse']
    """
    forms = [word]
    if word in _IRREGULAR:
        forms.append(_IRREGULAR[word])
    for ending, singular in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            forms.append(word.removesuffix(ending) + singular)
    return list(dict.fromkeys(forms))


def noun_forms(noun_phrase: str) -> Iterator[str]:
    """What a phrase may stand under in a dictionary, the longest first.

    Args:
        noun_phrase: as :func:`~car_video.text.parsing.expression.parse_expression` finds it.

    Example:
        >>> list(noun_forms("two motor scooters"))[3:5]
        ['motor scooter', 'scooters']
    """
    words = words_of(noun_phrase)
    named = _to_noun(words)
    for some in (words, named) if named != words else (words,):
        for start in range(len(some)):
            *before, last = some[start:]
            for form in base_forms(last):
                yield " ".join([*before, form])


def head_noun(noun_phrase: str) -> str:
    """The last word of a phrase that is no verb, nor a number or a colour after its noun, in
    lower case; empty where it has no word.

    Args:
        noun_phrase: as :func:`~car_video.text.parsing.expression.parse_expression` finds it.
            It may end with what the thing does.

    Example:
        >>> head_noun("the brown dog runs")
        'dog'
    """
    words = words_of(noun_phrase)
    while len(words) > 2 and words[-1] in VERBS:
        words.pop()
    words = _to_noun(words)
    return words[-1] if words else ""


def _to_noun(words: list[str]) -> list[str]:
    """Words without what follows the noun: "car red", "dog 2"."""
    end = len(words)
    while end and (words[end - 1].isdecimal() or words[end - 1] in _AFTER):
        end -= 1
    if end < len(words) and words[end - 1] in ("no", "nr", "number") and end > 1:
        end -= 1
    named = end and words[end - 1] not in DETERMINERS and not is_adjective(words[end - 1])
    return words[:end] if named else words
