"""Words of pictures, on a small WordNet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tools.build_lite.labels import Kinds, word_labels
from tools.build_lite.parser import Parsed, Phrase
from tools.build_lite.photos import Captioned
from tools.build_lite.wordnet import Nouns, Synset

SYNSETS = {
    1: Synset(("animal",), ()),
    2: Synset(("dog",), (1,)),
    3: Synset(("person",), ()),
    4: Synset(("batter",), (3,)),
    5: Synset(("dough",), ()),
    6: Synset(("racket",), ()),
    7: Synset(("tennis racket",), (6,)),
    8: Synset(("hot dog",), ()),
    9: Synset(("noise",), ()),
}
SENSES = {name: ((offset, 9),) for offset, one in SYNSETS.items() for name in one.names}
SENSES |= {"batter": ((4, 9), (5, 9)), "racket": ((9, 9), (6, 9)), "pitcher": ((4, 5),)}


@pytest.fixture
def kinds() -> Kinds:
    return Kinds(Nouns(SYNSETS, SENSES))


def caption(*phrases: str, nouns: str = "") -> Parsed:
    """Phrases of a word or two, the last one the head; further nouns."""
    parts = [phrase.split() for phrase in phrases]
    found = tuple(Phrase(" ".join(p), p[-1], p[-2] if len(p) > 1 else "") for p in parts)
    return Parsed(found, tuple({p[-1] for p in parts} | set(nouns.split())))


def test_kinds_of_words(kinds: Kinds) -> None:
    words = ["animal", "dog", "racket", "tennis racket", "batter", "person", "xylograph"]
    sure, possible = kinds.tables(words)
    for row, word in enumerate(words):
        for column, kind in enumerate(words):
            assert sure[row, column] == kinds.is_kind(word, kind)
    assert sure.sum() == len(words) + 2
    assert sure[1, 0]
    assert sure[3, 2]
    assert not sure[4, 5], "batter is dough too"
    assert possible[4, 5]
    assert possible.sum() == len(words) + 3


@pytest.mark.parametrize(
    ("phrase", "names"),
    [
        (Phrase("a dog", "dog", ""), {"dog"}),
        (Phrase("a brown dog", "dog", "brown"), {"dog"}),
        (Phrase("a hot dog", "dog", "hot"), {"hot dog"}),
        (Phrase("a tennis racket", "racket", "tennis"), {"tennis racket", "racket"}),
        (Phrase("the pitcher", "pitcher", ""), {"pitcher", "person", "human"}),
        (Phrase("two women", "woman", ""), {"woman", "person", "human"}),
        (Phrase("the background", "background", ""), set()),
        (Phrase("a tv", "tv", ""), set()),
    ],
)
def test_names_of_a_phrase(kinds: Kinds, phrase: Phrase, names: set[str]) -> None:
    assert kinds.names(phrase) == names


def test_word_labels(kinds: Kinds) -> None:
    parsed = [
        caption("dog", nouns="grass"),
        caption("hot dog", "grass"),
        caption("an animal", "grass"),
        caption("dog"),
        caption("ball"),
    ]
    paths = tuple(Path(f"{i}.jpg") for i in range(4))
    data = Captioned(
        paths, ("",) * 5, np.array([0, 1, 2, 3, 3]), (4,), ((), (18, 1), (), (19,))
    )
    labels = word_labels(data, parsed, np.array([0, 1, 2]), kinds, 1)
    assert labels.words == ["dog", "grass", "animal", "hot dog", "human", "person"]
    expected = [
        [1, 0, 1, 0, 0, 0],
        [1, 1, 1, 1, 1, 1],  # a dog and a person by category
        [0, 1, 1, 0, 0, 0],
        [1, 0, 1, 0, 0, 0],  # held out: neither ball nor horse becomes a word
    ]
    np.testing.assert_array_equal(labels.has, np.array(expected, bool))
    assert labels.unknown[0].tolist() == [False, True, False, False, False, False]
    assert labels.unknown.sum() == 1
    related = {
        (labels.words[i], labels.words[j]) for i, j in np.argwhere(labels.related) if i < j
    }
    assert related == {("dog", "animal"), ("human", "person")}
    again = word_labels(data, parsed, np.array([0, 1, 2]), kinds, 2)
    assert again.words == ["dog", "grass"]
    assert again.has.shape == (4, 2)
