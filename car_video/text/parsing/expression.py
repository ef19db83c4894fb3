"""Take a referring expression apart: what it names, and what it only mentions.

"a woman in a dress walking in a park" names *a woman* (the head noun phrase) who wears *a
dress*, and mentions *a park*. A scorer that sees the whole sentence lights up the park as well;
GL-CLIP and HybridGL score sentence and noun phrase apart and count the other nouns against.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from car_video.text.parsing.colour_words import HAIR, PEOPLE
from car_video.text.parsing.garments import zone_of
from car_video.text.parsing.roles import Role, roles_of
from car_video.text.parsing.word_classes import (
    BEING,
    DETERMINERS,
    HAVING,
    HAVING_VERBS,
    NOW_BEING,
    OTHER_CLAUSES,
    PREPOSITIONS,
    RELATIVES,
    RELATIVES_OF_THINGS,
    SPATIAL,
    SUBJECTS,
    TELEGRAMS,
    describes,
    is_adjective,
    is_gerund,
    is_participle,
)

NEAR = 9
"""Noun phrases within which somebody is looked for who is taken up by "who"; so that the time
is linear in the length of a text."""
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
    groups = _noun_groups(words)
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


@dataclass(frozen=True, eq=False)
class _Group:
    """A noun phrase.

    Attributes:
        phrase: its words.
        link: how it hangs on the head: "head", "has", "near"; "is": it says what ``of`` is.
        of: the group that it is said of.
    """

    phrase: str
    link: str
    of: _Group | None


def _noun_groups(words: list[str]) -> list[_Group]:
    """The noun phrases, the head first."""
    groups: list[_Group] = []
    current: list[str] = []
    link = "head"
    subject: _Group | None = None  # of the clause; the head where it is None
    taken_up = False  # the next group is the subject: "whose shirt", "while a man"
    worn_by: _Group | None = None  # somebody else, who has the next groups
    acts = False  # past a verb of a clause
    moved = False  # past a verb of motion a place follows, not something worn

    def close() -> None:
        nonlocal current, subject, taken_up
        while current and current[-1] == "and":
            current.pop()
        no_thing = all(w in DETERMINERS or w in SPATIAL or w == "and" for w in current)
        if not (no_thing or (worn_by and link == "has")):
            of = (subject or groups[0]) if groups else None
            other = of is not None and of.link == "near" and link != "is"
            other |= taken_up and not PEOPLE.isdisjoint(current)  # "whose owner"
            bare = all(is_adjective(w) for w in current)
            if not (other and bare):  # "beside a man who is in red"
                begun = _telegram_end(current) if not groups else len(current)
                groups.append(_Group(" ".join(current[:begun]), "near" if other else link, of))
                if begun < len(current):
                    groups.append(_Group(" ".join(current[begun:]), "has", groups[0]))
                if taken_up:
                    subject, taken_up = groups[-1], False
        current = []

    neighbours = zip(["", *words], words, [*words[1:], ""], roles_of(words), strict=False)
    for before, word, after, role in neighbours:
        if role is Role.VERB or (role is Role.LINK and is_gerund(word)):
            had = bool(current) and before != "and"
            close()
            if groups:
                worn_by = _nearest_person(groups, word) if had else None
                moved = (moved or not is_participle(word)) and word not in HAVING_VERBS
                link = "has" if word in HAVING_VERBS else "near"
                taken_up, acts = False, acts or not (is_gerund(word) or is_participle(word))
        elif role is Role.ADVERB:
            if word == "others" and "and" in current:  # "the plate and two others"
                while current.pop() != "and":
                    pass
            close()
        elif role is Role.AND:  # "red and white" stays together, "a man and a dog" does not
            if current and link == "is" and after in DETERMINERS:
                close()  # "is red and the car is blue"
                link = "near"
            elif current:
                current.append(word)
        elif role is Role.LINK:
            had = bool(current)
            close()
            # "in front of a bus", "left of a bus" are places, not what is in or of something.
            place = word == "of" and (before in PREPOSITIONS or before in SPATIAL)
            belongs = word in HAVING and not place
            worn_by = _nearest_person(groups, word) if had and belongs else None
            if groups and (had or belongs or before in HAVING_VERBS):
                link = "has" if belongs and not moved else "near"
            if groups and word in NOW_BEING:
                if acts and before not in RELATIVES_OF_THINGS and had:
                    subject = groups[-1]  # "the man runs and the water is blue"
                link, acts = "is", True
            elif groups and word in RELATIVES_OF_THINGS:
                subject, moved = _told_of(groups, word), False
                taken_up, link = word == "whose", "has" if word == "whose" else link
            elif groups and word in OTHER_CLAUSES and not (word == "as" and describes(before)):
                taken_up, link = True, "near"
        elif role is Role.DETERMINER and current and current[-1] not in DETERMINERS:
            close()
            current.append(word)
        else:
            current.append(word)
    close()
    return groups


def _nearest_person(groups: Sequence[_Group], word: str) -> _Group | None:
    """Somebody who was mentioned last and wears what follows: "near a man in black"."""
    if not groups or groups[-1].link != "near" or word not in HAVING - BEING - {"of"}:
        return None
    person = not (PEOPLE - SUBJECTS).isdisjoint(groups[-1].phrase.split())
    return groups[-1] if person else None


def _telegram_end(words: Sequence[str]) -> int:
    """How many words name the thing of a telegram, which begins with it: "man red shirt"."""
    begun = next((n for n, word in enumerate(words, 1) if word in TELEGRAMS), len(words))
    rest = words[begun:]
    last = rest[-1] if rest and not rest[-1].isdecimal() else ""
    worn = zone_of(last) or is_adjective(last) or last in HAIR
    return begun if worn and PEOPLE.isdisjoint(rest) else len(words)


def _told_of(groups: Sequence[_Group], relative: str) -> _Group:
    """The group that a relative word takes up: the last one, but "who" is a person."""
    people = (g for g in groups[:-NEAR:-1] if not PEOPLE.isdisjoint(g.phrase.split()))
    return next(people, groups[-1]) if relative == "who" else groups[-1]
