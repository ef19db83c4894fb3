"""Which words of an expression a negation reaches: "the bottle that is **not on the left**".

What is denied is not asked for: readers of places and colours leave it in the text. A negation
reaches to the end of its clause; one of having ("without a hat", "no red collar") only to the
end of what is not had.
"""

from __future__ import annotations

import re

from car_video.text.parsing.expression import words_of

_NOT = frozenset("not nor neither never non except excepting excluding minus cannot".split())
_CONTRACTED = re.compile(
    r".+n['\u2019]t|(?:is|are|was|were|do|does|did|has|have|had|ca|could|would|should|wo)nt"
)
_ALL = "all any anything anyone anybody everything everyone everybody nothing nobody".split()
_PAIRS = frozenset(
    {
        ("other", "than"),
        ("rather", "than"),
        ("instead", "of"),
        ("apart", "from"),
        ("aside", "from"),
        *((word, "but") for word in _ALL),
    }
)
_LACK = frozenset("no without lacking".split())
_DEFINITE = frozenset("the this that these those his her its their".split())
_HAD = frozenset(  # what may follow something that is not had, and is said of the head again
    "in on at by near next beside behind under above below from to with who whose which that "
    "is are was were while wearing holding carrying standing sitting walking lying".split()
)
_CLAUSES = re.compile(r"[,;:!?()]")


def negated(text: str) -> list[bool]:
    """Whether a negation before it in its clause reaches each word of :func:`words_of`.

    Args:
        text: one sentence or phrase, English (nothing is negated in others).

    Example:
        >>> negated("a dog, not red, on the left")
        [False, False, True, True, False, False, False]
    """
    return [reached for clause in _CLAUSES.split(text) for reached in _clause(words_of(clause))]


def _clause(words: list[str]) -> list[bool]:
    reached = []
    all_of_it = lack = False
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if (before, word) in _PAIRS or word in _NOT or _CONTRACTED.fullmatch(word):
            all_of_it, lack = True, False
        elif word == "but":
            all_of_it = lack = False
        elif word in _LACK and not after.isdigit():  # "no 7" is a number
            lack = after not in _DEFINITE
            all_of_it |= not lack
        elif lack and word in _HAD and before not in _LACK:
            lack = False
        reached.append(all_of_it or lack or word.startswith("non-"))
    return reached
