"""Open vocabularies: classes with synonyms, things and stuff, read from a file or shipped.

A file has one class a line. Its forms, which may be mixed:

* ``dog, puppy``: synonyms, of which the first is the class's name;
* ``18:dog,puppy``: the same with the class's number in the data set (OpenSeg's and FC-CLIP's
  label files); a first line ``0:invalid_class_id`` is left out;
* a class that is stuff (sky, road ...) ends with ``| stuff``.

Lines that begin with ``#`` are left out. A name may stand in several classes, which then share
its probability.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import yaml

from car_video.errors import ConfigError
from car_video.text.label_spaces import label_space

MOST_LABELS = 5000
"""Classes of one vocabulary. LVIS has 1,203; a picture's class scores take memory for each."""

_MOST_CHARACTERS, _MOST_BYTES = 500, 1 << 22
_NUMBERED = re.compile(r"(\d+):(.*)")
_INVALID = "invalid_class_id"


@dataclass(frozen=True)
class Label:
    """A class.

    Attributes:
        synonyms: at least one; the first is the name.
        number: of the class in its data set's files.
        thing: countable objects; else stuff.
    """

    synonyms: tuple[str, ...]
    number: int
    thing: bool = True

    @property
    def name(self) -> str:
        """For people."""
        return self.synonyms[0]


@dataclass(frozen=True)
class Vocabulary:
    """K classes; a class is known by its position.

    Attributes:
        name: for instance ``coco``, or the file's name.
        labels: the classes, at least one.
    """

    name: str
    labels: tuple[Label, ...]

    @property
    def things(self) -> tuple[bool, ...]:
        """By position: it is a thing."""
        return tuple(label.thing for label in self.labels)

    def shares_with(self, other: Vocabulary) -> list[bool]:
        """By position: a synonym of the class is a synonym in the other vocabulary, letter for
        letter (the rule of FC-CLIP's released code)."""
        known = {synonym for label in other.labels for synonym in label.synonyms}
        return [not known.isdisjoint(label.synonyms) for label in self.labels]


def parse_vocabulary(lines: Iterable[str], name: str) -> Vocabulary:
    """The classes of a file's lines.

    Raises:
        ConfigError: an empty line, an empty name, a number twice, too many classes or none.
    """
    labels: list[Label] = []
    lines = list(lines)
    while lines and not lines[-1].strip():  # the end of a file, not a class
        lines.pop()
    for place, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        label = _label(line, len(labels), f"{name}, line {place}")
        if label is None:
            continue
        labels.append(label)
        if len(labels) > MOST_LABELS:
            raise ConfigError(f"{name} has more than {MOST_LABELS} classes; give fewer")
    if not labels:
        raise ConfigError(f"{name} has no class; give one name a line")
    numbers = [label.number for label in labels]
    if len(set(numbers)) < len(numbers):
        twice = next(n for n in numbers if numbers.count(n) > 1)
        raise ConfigError(f"{name} gives the number {twice} to two classes")
    return Vocabulary(name, tuple(labels))


def _label(line: str, position: int, where: str) -> Label | None:
    text, _, kind = line.partition("|")
    if kind.strip() not in ("", "stuff", "thing"):
        raise ConfigError(f"{where}: after '|' comes 'stuff' or 'thing', not '{kind.strip()}'")
    number = _NUMBERED.fullmatch(text.strip())
    names = number[2] if number else text
    if names.strip() == _INVALID:
        return None
    synonyms = tuple(dict.fromkeys(part.strip() for part in names.split(",")))
    if "" in synonyms:
        raise ConfigError(f"{where} is empty or has an empty name; give one class a line")
    if max(map(len, synonyms)) > _MOST_CHARACTERS:
        raise ConfigError(f"{where} has a name of more than {_MOST_CHARACTERS} characters")
    return Label(synonyms, int(number[1]) if number else position, kind.strip() != "stuff")


_ADE_THINGS = frozenset(
    int(number)
    for number in (
        "7 8 10 12 14 15 18 19 20 22 23 24 27 30 31 32 33 35 36 37 38 39 41 42 43 44 45 47 49 "
        "50 53 55 56 57 58 62 64 65 66 67 69 70 71 72 73 74 75 76 78 80 81 82 83 85 86 87 88 "
        "89 90 92 93 95 97 98 102 103 104 107 108 110 111 112 115 116 118 119 120 121 123 124 "
        "125 126 127 129 130 132 133 134 135 136 137 138 139 142 143 144 146 147 148 149"
    ).split()
)
"""Positions of ADE20K's 100 instance classes; the panoptic benchmark counts the others as stuff
(:mod:`label_spaces` tells things and stuff apart as CaR does)."""

SHIPPED = ("coco", "ade", "cityscapes", "mapillary")
"""Vocabularies by name. Those of ADE20K are the names and synonyms of its own class list."""


@cache
def shipped_vocabulary(name: str) -> Vocabulary:
    """One of :data:`SHIPPED`.

    Raises:
        ConfigError: another name.

    Example:
        >>> shipped_vocabulary("coco").labels[16].synonyms
        ('dog', 'puppy')
    """
    if name not in SHIPPED:
        raise ConfigError(f"no vocabulary '{name}'; there are: {', '.join(SHIPPED)}")
    if name == "ade":
        lines = [
            f"{number}: {names}" + ("" if number in _ADE_THINGS else " | stuff")
            for number, names in enumerate(label_space("ade").names)
        ]
    else:
        data = resources.files(__package__) / "vocabularies.yaml"
        lines = yaml.safe_load(data.read_text("utf-8"))[name].splitlines()
    return parse_vocabulary(lines, name)


def load_vocabulary(name: str) -> Vocabulary:
    """A shipped vocabulary by name, or that of a label file.

    Raises:
        ConfigError: neither; a file that cannot be read or is none of names.
    """
    if name in SHIPPED:
        return shipped_vocabulary(name)
    path = Path(name)
    if not path.is_file():
        raise ConfigError(
            f"no label file '{name}'; shipped vocabularies are: {', '.join(SHIPPED)}"
        )
    if path.stat().st_size > _MOST_BYTES:
        raise ConfigError(f"'{name}' is too large for a label file")
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigError(f"'{name}' is no text in UTF-8, as a label file is") from None
    except OSError as error:
        raise ConfigError(f"'{name}' cannot be read: {error.strerror}") from None
    return parse_vocabulary(lines, f"'{name}'")
