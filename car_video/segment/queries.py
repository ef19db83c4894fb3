"""From expressions to competing queries: embeddings, rivals, and who stands for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config import ExpressionConfig
from car_video.segment.cues.colour import ColourCue
from car_video.segment.cues.place_tensors import Placing
from car_video.text.background import without_named
from car_video.text.embeddings import TextBank
from car_video.text.parsing.colours import colour_wishes
from car_video.text.parsing.expression import parse_expression, words_of
from car_video.text.parsing.places import PlacedExpression, take_places
from car_video.text.parsing.plural import names_several
from car_video.text.parsing.wording import check_expressions, same_words
from car_video.text.templates import fill


@dataclass(frozen=True)
class QuerySet:
    """Everything about the texts of a run; made once, read on every frame.

    Attributes:
        expressions: as the user gave them, E of them, duplicates and all.
        owner: for each expression the number of its query (equal texts share one), or -1 for
            one whose masks go to an equal one before it.
        queries: unit-length float32 [Q, D].
        first: the same for the first step of the recurrence, where it differs, or None.
        names: the text of each query, what the classifier sees.
        rivals: unit-length float32 [R, D]: background words and things only mentioned.
        opposes: bool [Q, R]: which rivals a query competes with.
        background: the background words among the rivals, first of them.
        colours: that the queries give their targets; None where they give none.
        spoken: the text of each query without its words of place, what language embeds.
        placing: words of place of the queries; None where there are none.
        anchors: unit-length float32 [A, D] of what places are beside; None without any.
        several: bool [Q]: which queries name several things, without words of place; None where
            none does.
        kin: bool [Q, Q]: queries that only their places tell apart do not compete; None where
            there are no places.
    """

    expressions: tuple[str, ...]
    owner: tuple[int, ...]
    queries: Tensor
    names: tuple[str, ...]
    rivals: Tensor
    opposes: Tensor
    background: tuple[str, ...]
    first: Tensor | None = None
    colours: ColourCue | None = None
    spoken: tuple[str, ...] = ()
    placing: Placing | None = None
    anchors: Tensor | None = None
    kin: Tensor | None = None
    several: Tensor | None = None

    def __len__(self) -> int:
        return len(self.names)


def build_queries(
    bank: TextBank,
    expressions: Sequence[str],
    background: tuple[str, ...],
    expression: ExpressionConfig | None = None,
    template: str = "{}",
    bare_first: bool = False,
) -> QuerySet:
    """Embed expressions and what they compete with.

    Args:
        bank: texts already embedded.
        expressions: at least one.
        background: words that compete with all of them.
        expression: how a sentence becomes a query.
        template: what queries and rivals are put into, "{}" stands for the text.
        bare_first: leave the template off queries in the first step.

    Raises:
        ExpressionError: see :func:`~car_video.text.parsing.wording.check_expressions`.
    """
    settings = expression or ExpressionConfig()
    folded = check_expressions(expressions)
    keys = [same_words(text) for text in folded]
    if settings.duplicates == "share":
        unique = list(dict.fromkeys(keys))
        owner = tuple(unique.index(key) for key in keys)
        names = tuple(folded[keys.index(key)] for key in unique)
    else:
        owner = tuple(n if keys.index(key) == n else -1 for n, key in enumerate(keys))
        names = folded
    taken = [_placed(name, settings.spatial) for name in names]
    spoken = tuple(t.text for t in taken)
    anchors = tuple(dict.fromkeys(p.anchor for t in taken for p in t.places if p.anchor))
    parsed = [
        replace(
            p,
            context=tuple(
                dict.fromkeys([*p.context, *(a.anchor for a in t.places if a.anchor)])
            ),
        )
        if t.places
        else p
        for p, t in zip(map(parse_expression, spoken), taken, strict=True)
    ]

    def embed(frame: str) -> Tensor:
        weight = settings.noun_weight
        sentences = bank.embed([fill(frame, text) for text in spoken])
        nouns = bank.embed([fill(frame, p.noun_phrase) for p in parsed])
        return F.normalize((1 - weight) * sentences + weight * nouns, dim=-1)

    words = background
    if settings.drop_named:
        words = without_named(background, tuple(p.noun_phrase for p in parsed))
    context = [c for p in parsed for c in p.context] if settings.context_rivals else []
    rivals = tuple(dict.fromkeys([*words, *context]))
    opposes = torch.ones(len(names), len(rivals), dtype=torch.bool)
    for row, p in enumerate(parsed):
        for column in range(len(words), len(rivals)):
            opposes[row, column] = rivals[column] in p.context
    queries = embed(template)
    placing = Placing.of([t.places for t in taken], anchors)
    several = torch.tensor(
        [
            names_several(p.noun_phrase) and not t.places
            for p, t in zip(parsed, taken, strict=True)
        ]
    )

    def embedded(texts: Sequence[str]) -> Tensor:
        return bank.embed([fill(template, text) for text in texts])

    return QuerySet(
        expressions=folded,
        owner=owner,
        queries=queries,
        names=names,
        rivals=embedded(rivals).to(queries.device),
        opposes=opposes.to(queries.device),
        background=words,
        first=embed("{}") if bare_first and template != "{}" else None,
        colours=_colours(names, settings.colour_weight),
        spoken=spoken,
        placing=None if placing is None else placing.to(queries.device),
        anchors=embedded(anchors).to(queries.device) if anchors else None,
        kin=None if placing is None else _kin(spoken, placing.placed).to(queries.device),
        several=several.to(queries.device) if bool(several.any()) else None,
    )


def _placed(name: str, spatial: bool) -> PlacedExpression:
    """An expression without its places, as it is where nothing else would be left of it."""
    if not spatial:
        return PlacedExpression(name, ())
    taken = take_places(name)
    return taken if taken.text else replace(taken, text=name)


def _kin(spoken: Sequence[str], placed: Tensor) -> Tensor:
    """bool [Q, Q]: which queries name the same kind of thing, one of them at a place."""
    kinds = [tuple(w for w in words_of(text) if w not in ("a", "an", "the")) for text in spoken]
    same = torch.tensor([[a == b for b in kinds] for a in kinds])
    return same & (placed[:, None] | placed) & ~torch.eye(len(kinds), dtype=torch.bool)


def _colours(names: Sequence[str], weight: float) -> ColourCue | None:
    return ColourCue.of([colour_wishes(name) for name in names], weight) if weight else None
