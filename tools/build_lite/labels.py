"""Which words a picture has, and which it cannot be said to lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tools.build_lite.parser import Parsed, Phrase
from tools.build_lite.photos import Captioned
from tools.build_lite.word_lists import word_lists
from tools.build_lite.wordnet import Nouns

PERSON, HUMAN = "person", "human"


class Kinds:
    """What WordNet says of words, by their usual meanings.

    Args:
        nouns: of WordNet.
    """

    def __init__(self, nouns: Nouns) -> None:
        self.nouns = nouns
        self._above: dict[str, tuple[frozenset[int], frozenset[int]]] = {}

    @cached_property
    def _persons(self) -> frozenset[int]:
        return frozenset(self.nouns.usual(PERSON)[:1])

    def above(self, word: str) -> tuple[frozenset[int], frozenset[int]]:
        """Synsets above every usual meaning of a word, and those above any of them; a synset
        is above itself."""
        if word not in self._above:
            each = [frozenset(self.nouns.above(o)) for o in self.nouns.usual(word)]
            every = frozenset.intersection(*each) if each else frozenset[int]()
            self._above[word] = every, frozenset[int]().union(*each)
        return self._above[word]

    def is_kind(self, word: str, kind: str) -> bool:
        """Whether all that a word usually means is of a kind: dog, animal."""
        return word == kind or not self.above(word)[0].isdisjoint(self.nouns.usual(kind))

    def tables(self, words: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """bool [V, V] twice: whether all that a word (row) usually means is of the kind that
        another word (column) names, and whether a usual meaning of it is."""
        columns: dict[int, list[int]] = {}
        for column, word in enumerate(words):
            for offset in self.nouns.usual(word):
                columns.setdefault(offset, []).append(column)
        sure, possible = (np.eye(len(words), dtype=np.bool_) for _ in range(2))
        for row, word in enumerate(words):
            for table, offsets in zip((sure, possible), self.above(word), strict=True):
                for offset in offsets:
                    table[row, columns.get(offset, [])] = True
        return sure, possible

    def is_person(self, word: str) -> bool:
        """Whether a word is a name of people."""
        listed = word in word_lists().persons
        return listed or not self.above(word)[0].isdisjoint(self._persons)

    def names(self, phrase: Phrase) -> set[str]:
        """The words that a noun phrase says are there.

        A compound that WordNet knows stands for itself, and for its head noun only where it is
        of that kind: a tennis racket is a racket, a hot dog is no dog.
        """
        compound = f"{phrase.before} {phrase.head}"
        if compound in self.nouns.senses:
            head = {phrase.head} if self.is_kind(compound, phrase.head) else set[str]()
            found = {compound} | head
        else:
            found = {phrase.head}
        found = {w for w in found if len(w) > 2 and w not in word_lists().not_labels}
        return found | ({PERSON, HUMAN} if any(map(self.is_person, found)) else set())


@dataclass(frozen=True)
class Labels:
    """Words of pictures.

    Attributes:
        words: V words, most frequent first.
        has: bool [images, V]: the picture shows it, by a caption or a category.
        unknown: bool [images, V]: it has not, but may show it all the same.
        related: bool [V, V]: words that are no negatives of each other.
    """

    words: list[str]
    has: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    related: NDArray[np.bool_]


def word_labels(
    data: Captioned,
    parsed: Sequence[Parsed],
    train: NDArray[np.int64],
    kinds: Kinds,
    minimum: int,
) -> Labels:
    """Words out of captions and categories, with the kinds that WordNet puts above them.

    Args:
        data: pictures.
        parsed: their captions.
        train: training pictures; words are counted in them alone.
        kinds: from WordNet.
        minimum: words that fewer training pictures have are left out.
    """
    named: list[set[str]] = [set() for _ in data.paths]
    mentioned: list[set[str]] = [set() for _ in data.paths]
    for one, image in zip(parsed, data.image_of.tolist(), strict=True):
        for phrase in one.phrases:
            named[image] |= kinds.names(phrase)
        mentioned[image] |= set(one.nouns)
    for image, numbers in enumerate(data.labels):
        for number in numbers:
            category = word_lists().categories[number]
            named[image] |= {category} | ({HUMAN} if category == PERSON else set())
    counts: dict[str, int] = {}
    for image in train.tolist():
        for word in named[image]:
            counts[word] = counts.get(word, 0) + 1
    words = sorted(
        (w for w, n in counts.items() if n >= minimum), key=lambda w: (-counts[w], w)
    )
    sure, possible = kinds.tables(words)
    has = _table(named, words).astype(np.float32) @ sure.astype(np.float32) > 0
    unknown = _table(mentioned, words) & ~has
    person = np.array([kinds.is_person(word) for word in words], np.bool_)
    related = possible | possible.T | (person[:, None] & person[None])
    return Labels(words, has, unknown, related)


def _table(sets: Sequence[set[str]], words: Sequence[str]) -> NDArray[np.bool_]:
    """bool [sets, V]: which set holds which word."""
    column = {word: i for i, word in enumerate(words)}
    table = np.zeros((len(sets), len(words)), np.bool_)
    for row, some in enumerate(sets):
        table[row, [column[word] for word in some if word in column]] = True
    return table
