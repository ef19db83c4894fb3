"""Captions to phrases to words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.build_lite.phrases import (
    LONGEST,
    label_words,
    noun_phrases,
    singular,
    word_lists,
    words_of,
)


@pytest.mark.parametrize(
    ("caption", "phrases"),
    [
        (
            "A child in a pink dress is climbing up a set of stairs in an entry way .",
            ["a child", "a pink dress", "a set", "an entry way"],
        ),
        ("A man in front of his house", ["a man", "his house"]),
        ("Two dogs, one brown, play.", ["two dogs", "one brown"]),
        ("Dog runs .", []),
        (
            "The old man with the long grey beard and hair",
            ["the old man", "the long grey beard"],
        ),
        ("A very tall thin old bearded man", []),  # six words and more are no phrase
        ("the inn near another town", ["the inn"]),  # 'in' cuts only where it is a word
        ("", []),
    ],
)
def test_noun_phrases(caption: str, phrases: list[str]) -> None:
    assert noun_phrases(caption) == phrases


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abdeghinortw ,.;", max_size=60))
def test_phrases_are_pieces_of_the_caption(caption: str) -> None:
    for phrase in noun_phrases(caption):
        assert phrase in caption
        assert 2 <= len(phrase.split()) <= LONGEST
        assert phrase.split()[0] in word_lists().openers


@pytest.mark.parametrize(
    ("word", "one"),
    [
        ("women", "woman"),
        ("dogs", "dog"),
        ("grass", "grass"),
        ("bus", "bus"),
        ("gas", "gas"),
        ("sunglasses", "sunglasses"),
        ("leaves", "leaf"),
        ("dog", "dog"),
    ],
)
def test_singular(word: str, one: str) -> None:
    assert singular(word) == one


def test_words_of() -> None:
    assert words_of("Dogs run") == {"dog", "run"}
    assert {"person", "human", "man"} <= words_of("Two men.")


def test_label_words_are_counted_cleaned_and_ranked() -> None:
    phrases = ["a dog"] * 3 + ["two dogs"] * 2 + ["a red ball"] * 4 + ["a cat"] * 2
    phrases += ["the background"] * 9 + ["a man running"] * 9 + ["a ox"] * 9 + ["dog"] * 9
    assert label_words(phrases, 3) == ["dog", "ball", "person", "human"]
    assert label_words(phrases, 2) == ["dog", "ball", "cat", "person", "human"]


def test_lists_are_clean() -> None:
    lists = word_lists()
    assert len(lists.breaks) == len(set(lists.breaks)) > 30
    assert not lists.not_labels & lists.persons
    assert all(word == word.strip() and word for word in lists.not_labels)
    assert {"next to", "in front of"} <= {b.strip() for b in lists.breaks}
    assert all(singular(one) == one for one in lists.singulars.values())
