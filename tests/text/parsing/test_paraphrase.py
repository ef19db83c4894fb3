"""Which expressions may name the same thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.text.parsing.expression import parse_expression
from car_video.text.parsing.paraphrase import may_share


def shared(*texts: str) -> list[list[bool]]:
    return may_share(texts, [parse_expression(text).noun_phrase for text in texts])


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("a dog", "the dog"),
        ("a dog", "the brown dog"),
        ("the man", "a man in a red shirt"),
        ("the man in a shirt", "the old man in a red shirt"),
        ("the dogs", "a dog"),  # the dog may be one of them
        ("a group of people", "the girl in the middle"),
        ("the other dog", "the other brown dog"),
    ],
)
def test_words_that_allow_one_thing(one: str, two: str) -> None:
    assert shared(one, two) == shared(two, one) == [[True, True], [True, True]]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("the boy", "the girl"),
        ("a dog", "a cat"),
        ("the red car", "the blue car"),
        ("the left dog", "the right dog"),
        ("a dog", "the other dog"),
        ("a man", "another man"),
        ("the man", "the second man"),
        ("the dogs", "the other dogs"),
        # The same words, but said of another thing.
        ("a man", "a woman beside a man"),
        ("the bike", "the man on the bike"),
        ("a man on a horse", "a horse on a man"),
    ],
)
def test_words_that_mean_two_things(one: str, two: str) -> None:
    assert shared(one, two) == shared(two, one) == [[True, False], [False, True]]


def test_each_pair_is_judged_by_itself() -> None:
    """The dog may be the brown one or the white one, which are two."""
    assert shared("the dog", "the brown dog", "the white dog") == [
        [True, True, True],
        [True, True, False],
        [True, False, True],
    ]


TEXTS = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.lists(st.sampled_from("the a dog dogs brown other in hat".split()), max_size=5).map(
            " ".join
        ),
    ),
    max_size=5,
)


@given(TEXTS)
def test_symmetric_and_everything_may_be_itself(texts: list[str]) -> None:
    table = shared(*texts)
    assert len(table) == len(texts)
    for a, row in enumerate(table):
        assert row[a]
        assert row == [other[a] for other in table]
