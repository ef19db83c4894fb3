"""Take a referring expression apart: what it names, and what it only mentions.

"a woman in a dress walking in a park" names *a woman* (the head noun phrase) who wears *a
dress*, and mentions *a park*. A scorer that sees the whole sentence lights up the park as well;
GL-CLIP and HybridGL score sentence and noun phrase apart and count the other nouns against.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from car_video.text.parsing.noun_groups import noun_groups
from car_video.text.parsing.roles import Role, roles_of
from car_video.text.parsing.word_classes import DETERMINERS, PREPOSITIONS, RELATIVES, SPATIAL

_WITH_IS = frozenset("that who what there here it he she where".split())
"""After these an "'s" is no genitive."""


@dataclass(frozen=True)
class ParsedExpression:
    """An expression taken apart.

    Attributes:
        text: as given, white space folded.
        noun_phrase: what the expression names, with its adjectives ("a brown bear").
        attributes: noun phrases of what it wears, holds or rides ("a dress").
        context: noun phrases that are only mentioned ("a park").
        spatial: words of position and order, lower case, in order of appearance.
        predicates: what is said of what: ("the bus", "red") of "the bus is red", ("shirt",
            "red") of "the man whose shirt is red". What is said of the head alone is one of
            the attributes as well.
    """

    text: str
    noun_phrase: str
    attributes: tuple[str, ...]
    context: tuple[str, ...]
    spatial: tuple[str, ...]
    predicates: tuple[tuple[str, str], ...] = ()


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
    groups = noun_groups(words)
    if not groups:
        return ParsedExpression(folded, folded, (), (), spatial)
    head, *rest = groups
    own = tuple(g.phrase for g in rest if g.link == "has" or (g.link == "is" and g.of is head))
    context = tuple(g.phrase for g in rest if g.link == "near")
    said = tuple(
        (g.of.phrase, g.phrase) for g in rest if g.link == "is" and g.of and g.of.link != "near"
    )
    return ParsedExpression(folded, head.phrase, own, context, spatial, said)


def words_of(text: str, lower: bool = True) -> list[str]:
    """Words without punctuation, in lower case or as they are; an emoji counts as a letter.

    What is drawn together with "is" comes apart: "that's" is two words. "w" is "with".
    """
    letters = "".join(c if _in_word(c) else " " for c in unicodedata.normalize("NFC", text))
    parts = (letters.lower() if lower else letters).split()
    words = (part.strip("'\u2019-") for part in parts)
    return [piece for word in words if word for piece in _apart(word)]


def content_words(text: str) -> tuple[str, ...]:
    """The words that say something of a thing: no articles, prepositions nor relative words.

    Example:
        >>> content_words("a woman in a red dress who is walking")
        ('woman', 'red', 'dress', 'walking')
    """
    empty = DETERMINERS | PREPOSITIONS | RELATIVES | {"with", "and", "or"}
    return tuple(dict.fromkeys(word for word in words_of(text) if word not in empty))


def _apart(word: str) -> list[str]:
    short = word.lower().replace("\u2019", "'")
    if word == "w":
        return ["with"]  # "man w hat"
    return [word[:-2], "is"] if short.endswith("'s") and short[:-2] in _WITH_IS else [word]


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
