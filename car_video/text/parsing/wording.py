"""Expressions as they were typed: which are none, and which say the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from car_video.errors import ExpressionError


def check_expressions(expressions: Sequence[str]) -> tuple[str, ...]:
    """The expressions with white space folded.

    Raises:
        ExpressionError: none at all, one without a letter, digit or symbol, one that is not
            valid Unicode, something that is no text, or a bare string in place of a list.
    """
    texts = isinstance(expressions, Sequence) and not isinstance(expressions, str)
    if not texts or not all(isinstance(text, str) for text in expressions):
        raise ExpressionError('expressions must be a list of texts, like ["the red car"]')
    folded = tuple(" ".join(text.split()) for text in expressions)
    if not folded:
        raise ExpressionError('no expression; say what to look for with --expr "the red car"')
    for number, text in enumerate(folded, start=1):
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ExpressionError(f"expression {number} is not valid UTF-8 text; type it again")
        if not any(letter.isprintable() and letter != " " for letter in text):
            raise ExpressionError(f"expression {number} is empty; say what to look for")
    return folded


def same_words(text: str) -> str:
    """An expression without case, article and full stop: "A dog." says what "the dog" says."""
    folded = text.casefold().rstrip(".!? ") or text.casefold()
    return re.sub(r"^(?:an?|the) (?=.)", "", folded)
