"""From expressions to competing queries: embeddings, rivals, and who stands for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.errors import ExpressionError
from car_video.text.background import without_named
from car_video.text.bank import TextBank
from car_video.text.expression import parse_expression


@dataclass(frozen=True)
class QuerySet:
    """Everything about the texts of a run; made once, read on every frame.

    Attributes:
        expressions: as the user gave them, E of them, duplicates and all.
        owner: for each expression the number of its query (equal texts share one).
        queries: unit-length float32 [Q, D].
        names: the text of each query, what the classifier sees.
        rivals: unit-length float32 [R, D]: background words and things only mentioned.
        opposes: bool [Q, R]: which rivals a query competes with.
        background: the background words among the rivals, first of them.
    """

    expressions: tuple[str, ...]
    owner: tuple[int, ...]
    queries: Tensor
    names: tuple[str, ...]
    rivals: Tensor
    opposes: Tensor
    background: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


def check_expressions(expressions: Sequence[str]) -> tuple[str, ...]:
    """The expressions with white space folded.

    Raises:
        ExpressionError: none at all, one without a letter, digit or symbol, one that is not
            valid Unicode, or a bare string in place of a list.
    """
    if isinstance(expressions, str):  # it would be taken for a list of letters
        raise ExpressionError('expressions must be a list of texts, like ["the red car"]')
    folded = tuple(" ".join(str(text).split()) for text in expressions)
    if not folded:
        raise ExpressionError('no expression; say what to look for with --expr "the red car"')
    for number, text in enumerate(folded, start=1):
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ExpressionError(f"expression {number} is not valid UTF-8 text; type it again")
        if not any(letter.isprintable() and letter != " " for letter in text):
            raise ExpressionError(f"expression {number} is empty; say what to look for")
    return folded


def build_queries(
    bank: TextBank,
    expressions: Sequence[str],
    background: tuple[str, ...],
    noun_weight: float = 0.5,
    context_rivals: bool = True,
) -> QuerySet:
    """Embed expressions and what they compete with.

    Args:
        bank: texts already embedded.
        expressions: at least one.
        background: words that compete with all of them, less those that one names.
        noun_weight: part of the noun phrase in a query's embedding, 0 to 1.
        context_rivals: whether things that a sentence only mentions oppose its query.

    Raises:
        ExpressionError: see :func:`check_expressions`.
    """
    folded = check_expressions(expressions)
    keys = [text.casefold() for text in folded]
    unique = list(dict.fromkeys(keys))
    names = tuple(folded[keys.index(key)] for key in unique)
    parsed = [parse_expression(name) for name in names]
    sentences = bank.embed(names)
    nouns = bank.embed([p.noun_phrase for p in parsed])
    queries = F.normalize((1 - noun_weight) * sentences + noun_weight * nouns, dim=-1)
    words = without_named(background, tuple(p.noun_phrase for p in parsed))
    context = [c for p in parsed for c in p.context] if context_rivals else []
    rivals = tuple(dict.fromkeys([*words, *context]))
    opposes = torch.ones(len(names), len(rivals), dtype=torch.bool)
    for row, p in enumerate(parsed):
        for column in range(len(words), len(rivals)):
            opposes[row, column] = rivals[column] in p.context
    return QuerySet(
        expressions=folded,
        owner=tuple(unique.index(key) for key in keys),
        queries=queries,
        names=names,
        rivals=bank.embed(rivals).to(queries.device),
        opposes=opposes.to(queries.device),
        background=words,
    )
