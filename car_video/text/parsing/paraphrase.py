"""Which expressions of one run may name the same thing: "the dog" and "the brown dog"."""

from __future__ import annotations

from collections.abc import Sequence

from car_video.text.parsing.expression import words_of
from car_video.text.parsing.plural import is_plural

ARTICLES = frozenset("a an the".split())
_FURTHER = frozenset("other another second third else remaining different".split())
"""Words of an expression that names another thing than one named before."""


def may_share(texts: Sequence[str], noun_phrases: Sequence[str]) -> list[list[bool]]:
    """Whether expressions may name the same thing, judged by their words.

    One says all that the other says of the same thing ("a dog", "the brown dog"; not "a dog",
    "a man near a dog"), or one names several things, of which the other may be one. A word that
    asks for another thing ("the other dog") forbids it.

    Args:
        texts: Q expressions.
        noun_phrases: what each of them names.

    Returns:
        Q lists of Q; symmetric, True on the diagonal.

    Example:
        >>> may_share(["a dog", "the brown dog", "a cat"], ["a dog", "the brown dog", "a cat"])
        [[True, True, False], [True, True, False], [False, False, True]]
    """
    words = [frozenset(words_of(text)) - ARTICLES for text in texts]
    names = [frozenset(words_of(phrase)) - ARTICLES for phrase in noun_phrases]
    several = [is_plural(phrase) for phrase in noun_phrases]

    def says_all(more: int, less: int) -> bool:
        return words[less] <= words[more] and names[less] <= names[more]

    def related(a: int, b: int) -> bool:
        if a == b:
            return True
        if (words[a] ^ words[b]) & _FURTHER:
            return False
        return several[a] or several[b] or says_all(a, b) or says_all(b, a)

    return [[related(a, b) for b in range(len(texts))] for a in range(len(texts))]
