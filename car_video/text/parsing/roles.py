"""What each word of an expression does in it.

Rules over word classes, no parser to download. What a verb in "ing" or "ed" does depends on its
neighbours: it describes the noun that follows ("the white fishing boat"), or says what the noun
before it does ("the man fishing").
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from car_video.text.parsing.colour_words import PEOPLE
from car_video.text.parsing.garments import zone_of
from car_video.text.parsing.word_classes import (
    BEING,
    DETERMINERS,
    HAVING,
    HAVING_VERBS,
    NO_PLURALS,
    NOT_BEING,
    NOT_DOING,
    PARTICLES,
    PREPOSITIONS,
    PRONOUNS,
    RELATIVES,
    SEVERAL,
    SPATIAL,
    STANDING_FOR,
    SUBJECTS,
    describes,
    is_adjective,
    is_adverb,
    is_finite_verb,
    is_gerund,
    is_participle,
    is_verb,
    strengthens,
    word_classes,
)


class Role(Enum):
    """What a word does."""

    DETERMINER = "determiner"
    MODIFIER = "modifier"  # describes the noun after it
    NOUN = "noun"  # or anything else that may name a thing
    LINK = "link"  # preposition or relative word
    VERB = "verb"  # what a thing does, or what is done to it
    ADVERB = "adverb"  # or a pronoun: neither names a thing
    AND = "and"


LONGEST = 64
"""Words of a noun phrase that are looked at; so the time is linear in the length of a text."""
_NO_GERUND_BEFORE_NOUN = frozenset(
    "while when for without by who that which is are was were".split()
)
"""After these a verb in "ing" is something done: "while riding horses"."""


def roles_of(words: Sequence[str]) -> list[Role]:
    """The role of every word.

    Args:
        words: in lower case, without punctuation.

    Example:
        >>> [role.value for role in roles_of("the white fishing boat sailing away".split())]
        ['determiner', 'modifier', 'modifier', 'noun', 'verb', 'adverb']
    """
    roles: list[Role] = []
    for place in range(len(words)):
        roles.append(_role(words, place, roles))
    return roles


def _role(words: Sequence[str], place: int, roles: Sequence[Role]) -> Role:
    word = words[place]
    group = _group(roles)
    if word == "and":
        return Role.AND
    if word in NOT_BEING or word in NOT_DOING:
        return Role.LINK if word in NOT_BEING else Role.ADVERB
    if word == "her" and not _reaches_noun(words, place + 1):
        return Role.ADVERB
    if word in DETERMINERS and (word != "that" or not group):
        return Role.DETERMINER
    if is_gerund(word):
        return _gerund(words, place, roles)
    if word in PARTICLES and _completes(words, place, group):
        return Role.MODIFIER
    if word in PREPOSITIONS or word in RELATIVES or word in HAVING:
        return Role.LINK
    if word in SUBJECTS and (not roles or _done_by(words, place + 1)):
        return Role.ADVERB if roles else Role.NOUN  # "the thing he holds", "she is there"
    if word == "all" and words[place + 1 : place + 2] == ["in"]:
        return Role.ADVERB  # "dressed all in black"
    if word in PRONOUNS:
        return Role.MODIFIER if _reaches_noun(words, place + 1) else Role.ADVERB
    if word in SPATIAL:
        return Role.MODIFIER
    if is_participle(word):
        return _participle(words, place, group)
    if word == "round" and not _reaches_noun(words, place + 1):
        return Role.LINK
    if _is_verb(words, place, roles, group):
        return Role.VERB
    return _open_word(words, place, group)


def _open_word(words: Sequence[str], place: int, group: Sequence[Role]) -> Role:
    """Of a noun, an adjective or an adverb."""
    word, after = words[place], "".join(words[place + 1 : place + 2])
    named = Role.NOUN in group
    if strengthens(word) and not named and describes(after):
        return Role.MODIFIER
    if is_adverb(word):
        return Role.MODIFIER if group and not named else Role.ADVERB
    if is_adjective(word) and _reaches_noun(words, place + 1):
        return Role.MODIFIER
    pick_up = word in word_classes().verbs and after in PARTICLES
    if pick_up and group and not named and _reaches_noun(words, place + 2):
        return Role.MODIFIER
    return Role.NOUN


def _participle(words: Sequence[str], place: int, group: Sequence[Role]) -> Role:
    """Of what was done to a thing: "the parked car", "the car parked there", "is parked"."""
    suffered = place > 0 and words[place - 1] in BEING
    if not suffered and _reaches_noun(words, place + 1):
        return Role.MODIFIER
    return Role.VERB if Role.NOUN in group or not group else Role.MODIFIER


def _is_verb(
    words: Sequence[str], place: int, roles: Sequence[Role], group: Sequence[Role]
) -> bool:
    """Whether a word is what a thing does."""
    finite = is_finite_verb(words[place])
    further = roles[-1:] in ([Role.AND], [Role.ADVERB]) and not group and Role.VERB in roles
    if finite and further:  # "walks over the grass and then flies"
        return True
    if place and words[place - 1] in SUBJECTS and _done_by(words, place):
        return True
    if _after_relative(words, place, roles) and not is_adverb(words[place]):
        third = words[place].endswith("s") and not words[place].endswith("ss")
        return third or finite or words[place] in word_classes().verbs
    if finite and words[place - 1] in PEOPLE and not zone_of(words[place]):
        return Role.NOUN in group  # "man kicks ball"
    if _do(words, place, group):
        return True
    if list(roles[-1:]) == [Role.MODIFIER] and zone_of(words[place]):
        return False  # "a white shirt and green pants"
    return finite and Role.NOUN in group and not _names_next(words, place + 1)


def _done_by(words: Sequence[str], place: int) -> bool:
    """Whether the word at a place is what a pronoun before it does."""
    return place < len(words) and (is_finite_verb(words[place]) or is_verb(words[place]))


def _do(words: Sequence[str], place: int, group: Sequence[Role]) -> bool:
    """Whether a word is what several things do, or one does not: "two dogs run"."""
    before = words[place - 1] if place else ""
    plural = before.endswith("s") and not before.endswith(("ss", "us", "is", "'s", "\u2019s"))
    if before in NOT_DOING and (is_verb(words[place]) or words[place] in HAVING_VERBS):
        return True
    several = before in SEVERAL or (plural and before not in NO_PLURALS)
    if not (several and list(group[-1:]) == [Role.NOUN] and is_verb(words[place])):
        return False
    return words[place] in HAVING_VERBS or not _names_next(words, place + 1)


def _group(roles: Sequence[Role]) -> list[Role]:
    """Roles of the words of the noun phrase that is still open."""
    start = len(roles)
    furthest = max(0, start - LONGEST)
    while start > furthest and roles[start - 1] in (
        Role.DETERMINER,
        Role.MODIFIER,
        Role.NOUN,
        Role.AND,
    ):
        start -= 1
        if roles[start] is Role.DETERMINER:
            break
    while start < len(roles) and roles[start] is Role.AND:
        start += 1
    return list(roles[start:])


def _gerund(words: Sequence[str], place: int, roles: Sequence[Role]) -> Role:
    """Of a verb in "ing"."""
    group = _group(roles)
    described = _reaches_noun(words, place + 1)
    before = words[place - 1] if place else ""
    first = len(group) == len(roles)
    if Role.NOUN in group:  # but "a brand new looking stove"
        compound = is_adjective(before) or is_participle(before)
        compound &= first or Role.DETERMINER in group
        return Role.MODIFIER if described and compound else Role.VERB
    aside = before in SPATIAL and not first  # "on its back eating bamboo"
    if roles[-1:] == [Role.AND] or aside:
        return Role.VERB
    if Role.DETERMINER in group:  # "the white fishing boat", "the crossing"
        return Role.MODIFIER if described else Role.NOUN
    if not roles:  # "running dog"
        return Role.MODIFIER if described else Role.NOUN
    if group:  # "white fishing boat", but "in white holding a racket"
        return Role.MODIFIER if described and first else Role.VERB
    if roles[-1] is Role.LINK and before not in _NO_GERUND_BEFORE_NOUN and described:
        return Role.MODIFIER  # "on rolling hills"
    return Role.VERB


def _completes(words: Sequence[str], place: int, group: Sequence[Role]) -> bool:
    """Whether a particle belongs to the word before and describes a noun: "a pick up truck"."""
    if Role.NOUN in group or list(group[-1:]) != [Role.MODIFIER]:
        return False
    before = words[place - 1]
    verb = is_participle(before) or before in word_classes().verbs
    return verb and _reaches_noun(words, place + 1)


def _reaches_noun(words: Sequence[str], place: int) -> bool:
    """Whether a noun follows from here on, with nothing but describing words before it."""
    for word in words[place : place + LONGEST]:
        if word == "and" or word in DETERMINERS or word in PREPOSITIONS | RELATIVES | HAVING:
            return False
        if word in PRONOUNS or (is_adverb(word) and not strengthens(word)):
            return False
        if not (describes(word) or strengthens(word)) or word in STANDING_FOR:
            return True
    return False


def _names_next(words: Sequence[str], place: int) -> bool:
    """Whether the word at a place may be the noun that the word before it describes."""
    if place >= len(words):
        return False
    word = words[place]
    closed = word in DETERMINERS | PREPOSITIONS | RELATIVES | HAVING | PRONOUNS | SPATIAL
    return not (closed or word == "and" or describes(word) or is_adverb(word))


def _after_relative(words: Sequence[str], place: int, roles: Sequence[Role]) -> bool:
    """Whether "who", "that" or "which" stands before a word: "who slowly walks"."""
    before = place - 1
    while before >= 0 and roles[before] is Role.ADVERB:
        before -= 1
    relative = before >= 0 and words[before] in ("who", "that", "which")
    return relative and roles[before] is Role.LINK
