"""Remarks on expressions that may not be understood as they are meant, one line each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from car_video.cli.display import shorten

if TYPE_CHECKING:
    from car_video.models.pair import ModelPair


def too_long(expressions: Sequence[str], model: str, pair: ModelPair) -> list[str]:
    """On each expression that is longer than a model reads.

    Args:
        expressions: each once.
        model: its name.
        pair: the model itself.
    """
    return [
        f"'{shorten(text, 40)}' is longer than {model} reads; its end is ignored"
        for text in expressions
        if pair.proposer.truncates(text) or pair.classifier.truncates(text)
    ]


def not_english(expressions: Sequence[str], model: str) -> list[str]:
    """On each expression without a Latin letter: emoji, Chinese, numbers."""
    return [
        f"'{shorten(text, 40)}' has no English word, and {model} reads English"
        for text in expressions
        if not re.search("[A-Za-z]", text)
    ]


def without_a_thing(expressions: Sequence[str]) -> list[str]:
    """On each expression that says where, but not what."""
    from car_video.text.parsing.places import names_a_thing

    return [
        f"'{shorten(text, 40)}' says where, not what; name the thing as well, "
        'like "second person from the left"'
        for text in expressions
        if not names_a_thing(text)
    ]
