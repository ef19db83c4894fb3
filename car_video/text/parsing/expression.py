"""Take a referring expression apart: what it names, and what it only mentions.

"a woman in a dress walking in a park" names *a woman* (the head noun phrase) who wears *a
dress*, and mentions *a park*. A scorer that sees the whole sentence lights up the park as well;
GL-CLIP and HybridGL score sentence and noun phrase apart and count the other nouns against.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from car_video.text.parsing.roles import Role, roles_of
from car_video.text.parsing.word_classes import (
    DETERMINERS,
    HAVING,
    PREPOSITIONS,
    RELATIVES,
    SPATIAL,
    is_gerund,
    is_participle,
)


@dataclass(frozen=True)
class ParsedExpression:
    """An expression taken apart.

    Attributes:
        text: as given, white space folded.
        noun_phrase: what the expression names, with its adjectives ("a brown bear").
        attributes: noun phrases of what it wears, holds or rides ("a dress").
        context: noun phrases that are only mentioned ("a park").
        spatial: words of position and order, lower case, in order of appearance.
    """

    text: str
    noun_phrase: str
    attributes: tuple[str, ...]
    context: tuple[str, ...]
    spatial: tuple[str, ...]


def parse_expression(text: str) -> ParsedExpression:
    """Split an expression into head, attributes and context.

    Args:
        text: one sentence or phrase in any case. The rules are those of English: a text in
            another language mostly comes back whole, as its own noun phrase.

    Example:
        >>> parse_expression("a woman in a dress walking in a park").context
        ('a park',)
    """
    folded = " ".join(text.split())
    words = words_of(folded)
    spatial = tuple(w for w in words if w in SPATIAL)
    groups = _noun_groups(words)
    if not groups:
        return ParsedExpression(folded, folded, (), (), spatial)
    head = groups[0][1]
    attributes = tuple(phrase for link, phrase in groups[1:] if link == "has")
    context = tuple(phrase for link, phrase in groups[1:] if link == "near")
    return ParsedExpression(folded, head, attributes, context, spatial)


def words_of(text: str, lower: bool = True) -> list[str]:
    """Words without punctuation, in lower case or as they are; an emoji counts as a letter."""
    letters = "".join(c if _in_word(c) else " " for c in unicodedata.normalize("NFC", text))
    parts = (letters.lower() if lower else letters).split()
    return [word for part in parts if (word := part.strip("'\u2019-"))]


def content_words(text: str) -> tuple[str, ...]:
    """The words that say something of a thing: no articles, prepositions nor relative words.

    Example:
        >>> content_words("a woman in a red dress who is walking")
        ('woman', 'red', 'dress', 'walking')
    """
    empty = DETERMINERS | PREPOSITIONS | RELATIVES | {"with", "and", "or"}
    return tuple(dict.fromkeys(word for word in words_of(text) if word not in empty))


def _in_word(character: str) -> bool:
    # Many scripts write vowels as marks (M), some join letters by format characters (Cf).
    category = unicodedata.category(character)
    emoji = category == "So" or (category == "Sk" and character > "\uffff")
    return category[0] in "LNM" or category == "Cf" or emoji or character in "'\u2019-"


def head_end(words: Sequence[str]) -> int:
    """How many words in lower case come before the head noun phrase ends with a preposition, a
    relative word or a verb. 0: a phrase that begins with one has no head."""
    roles = roles_of(words)
    ends = (n for n, role in enumerate(roles) if role in (Role.LINK, Role.VERB, Role.ADVERB))
    return next(ends, len(words))


def _noun_groups(words: list[str]) -> list[tuple[str, str]]:
    """Pairs (how it hangs on the head: "head", "has" or "near", noun phrase)."""
    groups: list[tuple[str, str]] = []
    current: list[str] = []
    link = "head"
    moved = False  # past a verb of motion a place follows, not something worn

    def close() -> None:
        nonlocal current
        while current and current[-1] == "and":
            current.pop()
        if not all(w in DETERMINERS or w in SPATIAL or w == "and" for w in current):
            groups.append((link, " ".join(current)))
        current = []

    for before, word, role in zip(["", *words], words, roles_of(words), strict=False):
        if role is Role.VERB or (role is Role.LINK and is_gerund(word)):
            close()
            if groups:
                moved = (moved or not is_participle(word)) and word not in HAVING
                link = "has" if word in HAVING else "near"
        elif role is Role.ADVERB:
            if word == "others" and "and" in current:  # "the plate and two others"
                while current.pop() != "and":
                    pass
            close()
        elif role is Role.AND:  # "red and white" stays together, "a man and a dog" does not
            if current:
                current.append(word)
        elif role is Role.LINK:
            had = bool(current)
            close()
            # "in front of a bus", "left of a bus" are places, not what is in or of something.
            place = word == "of" and (before in PREPOSITIONS or before in SPATIAL)
            belongs = word in HAVING and not place
            if groups and (had or belongs or before in HAVING):
                link = "has" if belongs and not moved else "near"
        elif role is Role.DETERMINER and current and current[-1] not in DETERMINERS:
            close()
            current.append(word)
        else:
            current.append(word)
    close()
    return groups
