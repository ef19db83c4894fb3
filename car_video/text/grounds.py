"""Which nouns name things with an outline, which of those may move, and which are grounds."""

from __future__ import annotations

import itertools

from car_video.text.background import BACKGROUND
from car_video.text.null_phrases import OUTDOORS, SCENES, STUFF
from car_video.text.parsing.expression import parse_expression, words_of
from car_video.text.parsing.nouns import base_forms


def has_outline(noun_phrase: str) -> bool:
    """Whether a noun phrase names something that has an outline, not a ground or a scene.

    Args:
        noun_phrase: as :func:`~car_video.text.parsing.expression.parse_expression` finds it.

    Example:
        >>> has_outline("a red bus"), has_outline("the dusty road")
        (True, False)
    """
    words = words_of(noun_phrase)
    return not words or not (_GROUNDS & set(base_forms(words[-1])))


def may_move(noun_phrase: str, text: str) -> bool:
    """Whether a noun phrase names what may move by itself, and its sentence no rest.

    Args:
        noun_phrase: as for :func:`has_outline`.
        text: the whole sentence.

    Example:
        >>> may_move("a dog", "a dog running"), may_move("the car", "the parked car")
        (True, False)
    """
    words = words_of(noun_phrase)
    fixed = bool(words) and not _FIXED.isdisjoint(base_forms(words[-1]))
    return has_outline(noun_phrase) and not fixed and not _says_rest(text)


def _says_rest(text: str) -> bool:
    """Whether a sentence says that its target rests, not what it only mentions."""
    mentioned = {word for phrase in parse_expression(text).context for word in words_of(phrase)}
    words = words_of(text)
    return any(
        word in _RESTING - mentioned and before not in _NEGATIONS
        for before, word in itertools.pairwise(["", *words])
    )


_RESTING = frozenset(
    "parked standing stands seated sitting sits lying lies leaning leans waiting waits resting "
    "rests sleeping sleeps asleep hanging hangs stopped stationary motionless".split()
)
_NEGATIONS = {"not", "never", "isn't", "aren't"}
_FIXED = frozenset(
    "house building bridge window sign pole table door bush fence tree flower plant bench "
    "light gate tower tent statue fountain".split()
)
"""Things that stand where they are."""
_OUTLINED = _FIXED | {"helmet", "traffic", "flag", "glass", "leaves", "cloth"}
"""Things among the background words: they have an outline of their own."""
_GROUNDS = {
    words_of(phrase)[-1] for phrase in (*BACKGROUND, *STUFF, *OUTDOORS, *SCENES)
} - _OUTLINED
