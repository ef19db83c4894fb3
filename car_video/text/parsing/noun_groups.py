"""The noun phrases of an expression, and what each of them is to the one that is named.

What is "has" belongs to the head ("a man in a red shirt"), what is "near" is only mentioned
("near a car"), what "is" is said of something ("the bus is red"). What somebody has who is only
mentioned is none of them ("near a man in red").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

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
    RELATIVES_OF_THINGS,
    SPATIAL,
    SUBJECTS,
    TELEGRAMS,
    describes,
    is_adjective,
    is_gerund,
    is_participle,
)

Link = Literal["head", "has", "is", "near"]

REACH = 8
"""Noun phrases among which somebody is looked for who is taken up by "who"; so that the time is
linear in the length of a text."""


@dataclass(frozen=True, eq=False)
class NounGroup:
    """A noun phrase.

    Attributes:
        phrase: its words.
        link: how it hangs on the head.
        of: the group that it is said of; None of the head.
    """

    phrase: str
    link: Link
    of: NounGroup | None

    @property
    def names_somebody(self) -> bool:
        """Whether a person is named in it."""
        return not PEOPLE.isdisjoint(self.phrase.split())


def noun_groups(words: Sequence[str]) -> list[NounGroup]:
    """The noun phrases of an expression, the head first.

    Args:
        words: in lower case, without punctuation.
    """
    reader = _Reader()
    neighbours = zip(["", *words], words, [*words[1:], ""], roles_of(words), strict=False)
    for before, word, after, role in neighbours:
        reader.step(before, word, after, role)
    reader.close()
    return reader.groups


@dataclass
class _Reader:
    """What is known after some of the words.

    Attributes:
        groups: that are complete.
        current: words of the one that is not.
        link: of the next one.
        subject: of the clause; the head where it is None.
        taken_up: whether the next group is the subject: "whose shirt", "while a man".
        worn_by: somebody who is only mentioned and has what comes next.
        acts: whether a verb of the clause has come.
        moved: whether it was one of motion: after it comes a place, not something worn.
    """

    groups: list[NounGroup] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    link: Link = "head"
    subject: NounGroup | None = None
    taken_up: bool = False
    worn_by: NounGroup | None = None
    acts: bool = False
    moved: bool = False

    def step(self, before: str, word: str, after: str, role: Role) -> None:
        """Read a word between its neighbours."""
        if role is Role.VERB or (role is Role.LINK and is_gerund(word)):
            self._verb(before, word)
        elif role is Role.ADVERB:
            if word == "others" and "and" in self.current:  # "the plate and two others"
                while self.current.pop() != "and":
                    pass
            self.close()
        elif role is Role.AND:  # "red and white" stays together, "a man and a dog" does not
            if self.current and self.link == "is" and after in DETERMINERS:
                self.close()  # "is red and the car is blue"
                self.link = "near"
            elif self.current:
                self.current.append(word)
        elif role is Role.LINK:
            self._link(before, word)
        else:
            further = self.current and self.current[-1] not in DETERMINERS
            if role is Role.DETERMINER and further:
                self.close()
            self.current.append(word)

    def close(self) -> None:
        """The group that is open is complete."""
        words, self.current = self.current, []
        while words and words[-1] == "and":
            words.pop()
        no_thing = all(w in DETERMINERS or w in SPATIAL or w == "and" for w in words)
        if no_thing or (self.worn_by and self.link == "has"):
            return
        of = (self.subject or self.groups[0]) if self.groups else None
        aside = of is not None and of.link == "near" and self.link != "is"
        aside |= self.taken_up and not PEOPLE.isdisjoint(words)  # "whose owner"
        if aside and all(is_adjective(word) for word in words):
            return  # "beside a man who is in red"
        end = len(words) if self.groups else _telegram_end(words)
        self.groups.append(NounGroup(" ".join(words[:end]), "near" if aside else self.link, of))
        if end < len(words):
            self.groups.append(NounGroup(" ".join(words[end:]), "has", self.groups[0]))
        if self.taken_up:
            self.subject, self.taken_up = self.groups[-1], False

    def _verb(self, before: str, word: str) -> None:
        had = bool(self.current) and before != "and"
        self.close()
        if self.groups:
            self.worn_by = self._nearest_person(word) if had else None
            self.moved |= not is_participle(word)
            self.moved &= word not in HAVING_VERBS
            self.link = "has" if word in HAVING_VERBS else "near"
            self.acts |= not (is_gerund(word) or is_participle(word))
            self.taken_up = False

    def _link(self, before: str, word: str) -> None:
        had = bool(self.current)
        self.close()
        # "in front of a bus", "left of a bus" are places, not what is in or of something.
        place = word == "of" and (before in PREPOSITIONS or before in SPATIAL)
        belongs = word in HAVING and not place
        self.worn_by = self._nearest_person(word) if had and belongs else None
        if not self.groups:
            return
        if had or belongs or before in HAVING_VERBS:
            self.link = "has" if belongs and not self.moved else "near"
        if word in NOW_BEING:
            if self.acts and before not in RELATIVES_OF_THINGS and had:
                self.subject = self.groups[-1]  # "the man runs and the water is blue"
            self.link, self.acts = "is", True
        elif word in RELATIVES_OF_THINGS:
            self.subject, self.moved = self._told_of(word), False
            self.taken_up = word == "whose"
            self.link = "has" if self.taken_up else self.link
        elif word in OTHER_CLAUSES and not (word == "as" and describes(before)):
            self.taken_up, self.link = True, "near"

    def _nearest_person(self, word: str) -> NounGroup | None:
        """Somebody who was mentioned last and has what follows: "near a man in black"."""
        last = self.groups[-1] if self.groups else None
        if last is None or last.link != "near" or word not in HAVING - BEING - {"of"}:
            return None
        pronoun = not SUBJECTS.isdisjoint(last.phrase.split())
        return last if last.names_somebody and not pronoun else None

    def _told_of(self, relative: str) -> NounGroup:
        """What a relative word takes up: the last group, but "who" is a person."""
        people = (g for g in self.groups[: -REACH - 1 : -1] if g.names_somebody)
        return next(people, self.groups[-1]) if relative == "who" else self.groups[-1]


def _telegram_end(words: Sequence[str]) -> int:
    """How many words name the thing of a telegram, which begins with it: "man red shirt"."""
    begun = next((n for n, word in enumerate(words, 1) if word in TELEGRAMS), len(words))
    rest = words[begun:]
    last = rest[-1] if rest and not rest[-1].isdecimal() else ""
    worn = zone_of(last) or is_adjective(last) or last in HAIR
    return begun if worn and PEOPLE.isdisjoint(rest) else len(words)
