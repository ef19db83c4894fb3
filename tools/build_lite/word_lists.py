"""Word lists that neither the parser nor WordNet can give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml


@dataclass(frozen=True)
class WordLists:
    """``word_lists.yaml``.

    Attributes:
        not_labels: head nouns that name nothing that can be seen.
        persons: words for people.
        plural_only: plurals that have no singular.
        categories: names of COCO's categories, by number.
    """

    not_labels: frozenset[str]
    persons: frozenset[str]
    plural_only: frozenset[str]
    categories: dict[int, str]


@cache
def word_lists() -> WordLists:
    """The lists that are kept as data beside this file."""
    file = resources.files(__package__) / "word_lists.yaml"
    data = yaml.safe_load(file.read_text("utf-8"))
    return WordLists(
        frozenset(data["not_labels"].split()),
        frozenset(data["persons"].split()),
        frozenset(data["plural_only"].split()),
        {int(number): str(name) for number, name in data["categories"].items()},
    )
