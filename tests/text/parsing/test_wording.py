"""What is an expression, and which say the same."""

from __future__ import annotations

import pytest

from car_video.errors import ExpressionError
from car_video.text.parsing.wording import check_expressions, same_words


@pytest.mark.parametrize("expressions", [[3], ["a dog", None], "a dog"])
def test_expressions_are_texts(expressions) -> None:
    with pytest.raises(ExpressionError, match="list of texts"):
        check_expressions(expressions)


@pytest.mark.parametrize(
    ("expressions", "words"),
    [
        ([], "no expression; .*--expr"),
        ([""], "expression 1 is empty"),
        (["a dog", " \t\n"], "expression 2 is empty"),
        (["\u200b"], "expression 1 is empty"),  # zero-width space
        (["a dog", "\x00\x1b"], "expression 2 is empty"),
        (["a dog \udcff"], "expression 1 is not valid UTF-8"),  # bytes of a command line
        ("a dog", "must be a list"),
    ],
)
def test_expressions_that_say_nothing(expressions: list[str], words: str) -> None:
    with pytest.raises(ExpressionError, match=words) as refusal:
        check_expressions(expressions)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["🐶", "?", "x", "車", "a" * 10_000, "👨‍👩‍👧 family"])
def test_expressions_that_say_something(text: str) -> None:
    assert check_expressions([text]) == (text,)


@pytest.mark.parametrize(
    ("text", "other", "same"),
    [
        ("a dog", "The dog.", True),
        ("an apple", "apple!", True),
        ("a dog", "a big dog", False),
        ("the", "a", False),
        ("theatre", "atre", False),
        ("?", "!", False),
    ],
)
def test_what_says_the_same(text: str, other: str, same: bool) -> None:
    assert (same_words(text) == same_words(other)) == same
