"""Noun phrases out of captions, and single words out of phrases: no parser, only lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

LONGEST = 5  # words of a phrase
WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class WordLists:
    """``word_lists.yaml``.

    Attributes:
        breaks: words and pairs of words at which a caption is cut.
        openers: a phrase begins with one of these.
        not_labels: words that are no label, though phrases end in them.
        persons: words for people.
        singulars: irregular plurals and words that only look like one.
    """

    breaks: tuple[str, ...]
    openers: frozenset[str]
    not_labels: frozenset[str]
    persons: frozenset[str]
    singulars: dict[str, str]


@cache
def word_lists() -> WordLists:
    """The lists that are kept as data beside this file."""
    file = resources.files(__package__) / "word_lists.yaml"
    data = yaml.safe_load(file.read_text("utf-8"))
    return WordLists(
        tuple(data["breaks"].split(",")),
        frozenset(data["openers"].split()),
        frozenset(data["not_labels"].split()),
        frozenset(data["persons"].split()),
        dict(data["singulars"]),
    )


@cache
def _break_pattern() -> re.Pattern[str]:
    words = "|".join(re.escape(word.strip()) for word in word_lists().breaks)
    return re.compile(rf"\b(?:{words})\b|[,.;]")


def noun_phrases(caption: str) -> list[str]:
    """Parts of a caption between prepositions and verbs that begin like a noun phrase.

    Example:
        >>> noun_phrases("A man in a red shirt is riding his bike .")
        ['a man', 'a red shirt', 'his bike']
    """
    parts = [part.strip() for part in _break_pattern().split(caption.lower())]
    openers = word_lists().openers
    return [
        part
        for part in parts
        if 2 <= len(part.split()) <= LONGEST and part.split()[0] in openers
    ]


def singular(word: str) -> str:
    """Singular of a plural, by a short list and by the final s.

    Example:
        >>> singular("women"), singular("dogs"), singular("grass")
        ('woman', 'dog', 'grass')
    """
    known = word_lists().singulars.get(word)
    if known is not None:
        return known
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


def label_words(phrases: Sequence[str], minimum: int) -> list[str]:
    """Words that at least ``minimum`` phrases end in, most frequent first.

    Participles and the words under ``not_labels`` are left out; "person" and "human" are
    always in: most pictures show people, under many names.
    """
    last_words = Counter(
        words[-1] for words in (WORD.findall(phrase) for phrase in phrases) if len(words) >= 2
    )
    counts: Counter[str] = Counter()
    for word, count in last_words.items():
        if word not in word_lists().not_labels and len(word) > 2:
            counts[singular(word)] += count
    frequent = [word for word, count in counts.most_common() if count >= minimum]
    found = [word for word in frequent if not word.endswith("ing")]
    return found + [word for word in ("person", "human") if word not in found]


def words_of(caption: str) -> set[str]:
    """The singular words of a caption; a word for a person brings "person" and "human" too.

    Example:
        >>> sorted(words_of("Two dogs"))
        ['dog', 'two']
    """
    words = {singular(word) for word in WORD.findall(caption.lower())}
    return words | {"person", "human"} if words & word_lists().persons else words
