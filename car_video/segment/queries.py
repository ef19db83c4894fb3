"""From expressions to competing queries: text embeddings, rivals, each expression's query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import ExpressionConfig
from car_video.segment.cues.colour import ColourCue
from car_video.segment.cues.mask_cues import MaskCues
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.text.background import without_named
from car_video.text.embeddings import TextBank
from car_video.text.parsing.colours import target_colours
from car_video.text.parsing.conjunction import split_conjunction
from car_video.text.parsing.expression import (
    DETERMINERS,
    ParsedExpression,
    parse_expression,
    words_of,
)
from car_video.text.parsing.nouns import base_forms, head_noun
from car_video.text.parsing.opposites import split_opposites
from car_video.text.parsing.paraphrase import ARTICLES, may_share
from car_video.text.parsing.places import PlacedExpression, take_places
from car_video.text.parsing.plural import is_plural, names_others
from car_video.text.parsing.requests import without_request
from car_video.text.parsing.wording import check_expressions, same_words
from car_video.text.templates import fill


@dataclass(frozen=True)
class QuerySet:
    """Everything about the texts of a run. It is made once and read on every frame.

    E expressions, Q queries, R rivals, A anchors; D is the width of the model's embeddings.

    Attributes:
        expressions: the E expressions as the user gave them, duplicates included.
        parts: for each expression the numbers of its queries: one, or several that together
            are what it names. Equal texts share a query. None for an expression whose masks go
            to an equal one before it.
        embeddings: float32 [Q, D], of unit length or nearly so.
        texts: the text of each query; the user's words.
        rivals: unit-length float32 [R, D]: background words, and things that are only
            mentioned.
        opposes: bool [Q, R]: which rivals a query competes with.
        background: the background words; they are the first of the rivals.
        cues: what speaks for masks of the queries beside the maps.
        encoded_texts: the text of each query without its words of place. The model encodes
            these.
        noun_phrases: what each query names, with its adjectives.
        places: the words of place of the queries; None without any.
        anchors: unit-length float32 [A, D]: the things that places refer to ("left of the
            car"); None without any.
        plural: bool [Q]: queries that name several things and have no place; None without any.
        same_kind: bool [Q, Q]: pairs of different queries for things of one kind ("the tall
            girl", "the girl with a hat", "the girl on the left"). Their maps show that kind and
            do not compete. None without any.
    """

    expressions: tuple[str, ...]
    parts: tuple[tuple[int, ...], ...]
    embeddings: Tensor
    texts: tuple[str, ...]
    rivals: Tensor
    opposes: Tensor
    background: tuple[str, ...]
    cues: MaskCues | None = None
    encoded_texts: tuple[str, ...] = ()
    noun_phrases: tuple[str, ...] = ()
    places: PlaceTensors | None = None
    anchors: Tensor | None = None
    same_kind: Tensor | None = None
    plural: Tensor | None = None

    @property
    def open_ended(self) -> bool:
        """Whether what comes into the picture later may be meant beside, or instead of, what is
        there: where things are counted or compared ("the people", "the leftmost dog")."""
        return self.places is not None or self.plural is not None

    @cached_property
    def may_share(self) -> NDArray[np.bool_]:
        """bool [Q, Q]: which queries may name the same thing, by their words."""
        return np.array(may_share(self.texts, self.noun_phrases), bool)

    def same_kind_among(self, alive: Tensor) -> Tensor | None:
        """:attr:`same_kind` of some queries, int64 [N]: bool [N, N]."""
        return None if self.same_kind is None else self.same_kind[alive][:, alive]

    def __len__(self) -> int:
        return len(self.texts)


def build_queries(
    bank: TextBank,
    expressions: Sequence[str],
    background: tuple[str, ...],
    expression: ExpressionConfig | None = None,
    template: str = "{}",
) -> QuerySet:
    """Embed expressions and what they compete with.

    Args:
        bank: remembers embeddings, so that no text is encoded twice.
        expressions: at least one.
        background: words that compete with every query.
        expression: how a sentence becomes a query.
        template: sentence around queries and rivals; "{}" stands for the text.

    Raises:
        ExpressionError: see :func:`~car_video.text.parsing.wording.check_expressions`.
    """
    settings = expression or ExpressionConfig()
    folded = check_expressions(expressions)
    named = [named_things(text, settings) for text in folded]
    parts, texts = _unique_texts(named, settings.duplicates == "share")
    placed = [_take_places(text, settings.spatial) for text in texts]
    encoded_texts = tuple(p.text for p in placed)
    parsed = [_parse(p) for p in placed]
    anchors = tuple(dict.fromkeys(p.anchor for own in placed for p in own.places if p.anchor))

    noun_phrases = tuple(p.noun_phrase for p in parsed)

    def embed(others: Sequence[str]) -> Tensor:
        return bank.embed([fill(template, text) for text in others])

    words = background
    if settings.drop_named:
        words = without_named(background, noun_phrases)
    context = [c for p in parsed for c in p.context] if settings.context_rivals else []
    rivals = tuple(dict.fromkeys([*words, *context]))
    opposes = torch.ones(len(texts), len(rivals), dtype=torch.bool)
    for row, p in enumerate(parsed):
        for column in range(len(words), len(rivals)):
            opposes[row, column] = rivals[column] in p.context
    embeddings = embed_queries(bank, encoded_texts, noun_phrases, settings, template)
    device = embeddings.device
    places = PlaceTensors.of([p.places for p in placed], anchors)
    same_kind = _same_kind(parsed, [bool(p.places) for p in placed], settings.kinds)
    plural = torch.tensor(
        [
            (is_plural(q.noun_phrase) or names_others(p.text)) and not p.places
            for q, p in zip(parsed, placed, strict=True)
        ]
    )
    return QuerySet(
        expressions=folded,
        parts=parts,
        embeddings=embeddings,
        texts=texts,
        rivals=embed(rivals).to(device),
        opposes=opposes.to(device),
        background=words,
        cues=MaskCues.of(noun_phrases, _colours(texts, settings.colour_weight), texts),
        encoded_texts=encoded_texts,
        noun_phrases=noun_phrases,
        places=None if places is None else places.to(device),
        anchors=embed(anchors).to(device) if anchors else None,
        same_kind=same_kind.to(device) if bool(same_kind.any()) else None,
        plural=plural.to(device) if bool(plural.any()) else None,
    )


def embed_queries(
    bank: TextBank,
    texts: Sequence[str],
    noun_phrases: Sequence[str],
    settings: ExpressionConfig,
    template: str,
) -> Tensor:
    """Embeddings of texts, blended with those of what they name: float32 [Q, D], see
    :meth:`~car_video.text.embeddings.TextBank.blended`."""
    weight = settings.noun_weight
    sentences = bank.embed([fill(template, text) for text in texts])
    nouns = bank.embed([fill(template, phrase) for phrase in noun_phrases])
    return bank.blended(torch.stack([sentences, nouns]), (1 - weight, weight))


def named_things(text: str, settings: ExpressionConfig) -> tuple[str, ...]:
    """The texts of the things that an expression names, mostly itself alone."""
    if not settings.conjunctions:
        return (text,)
    text = without_request(text)
    parts = split_conjunction(text)
    return split_opposites(text) if len(parts) == 1 and settings.spatial else parts


def _unique_texts(
    named: Sequence[tuple[str, ...]], share: bool
) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...]]:
    """``QuerySet.parts`` and ``QuerySet.texts`` of expressions, some parts of which are equal.

    Args:
        named: the parts of each expression.
        share: equal texts are one query; else all compete, and the first gets what is found.
    """
    texts = [text for parts in named for text in parts]
    keys = [same_words(text) for text in texts]
    if share:
        kept = [n for n, key in enumerate(keys) if keys.index(key) == n]
        numbers = [kept.index(keys.index(key)) for key in keys]
    else:
        kept = list(range(len(texts)))
        numbers = [n if keys.index(key) == n else -1 for n, key in enumerate(keys)]
    left = iter(numbers)
    parts = (dict.fromkeys(next(left) for _ in own) for own in named)
    found = tuple(tuple(n for n in own if n >= 0) for own in parts)
    return found, tuple(texts[n] for n in kept)


def _take_places(text: str, spatial: bool) -> PlacedExpression:
    """A text and its places. A text that is nothing but a place is encoded whole."""
    if not spatial:
        return PlacedExpression(text, ())
    taken = take_places(text)
    return taken if taken.text else replace(taken, text=text)


def _parse(placed: PlacedExpression) -> ParsedExpression:
    """Parse a text; the anchors of its places are part of its context."""
    parsed = parse_expression(placed.text)
    anchors = [place.anchor for place in placed.places if place.anchor]
    return replace(parsed, context=tuple(dict.fromkeys([*parsed.context, *anchors])))


def _same_kind(
    parsed: Sequence[ParsedExpression], placed: Sequence[bool], by_head: bool
) -> Tensor:
    """bool [Q, Q]: see :class:`QuerySet`."""
    same = torch.eye(len(parsed), dtype=torch.bool)
    kinds = [tuple(w for w in words_of(p.text) if w not in ARTICLES) for p in parsed]
    heads = [_head(p.noun_phrase) for p in parsed]
    for a, b in combinations(range(len(parsed)), 2):
        only_places = kinds[a] == kinds[b] and (placed[a] or placed[b])
        one_head = by_head and not heads[a].isdisjoint(heads[b])
        same[a, b] = same[b, a] = only_places or one_head
    return same & ~torch.eye(len(parsed), dtype=torch.bool)


def _head(noun_phrase: str) -> frozenset[str]:
    """Forms of the head noun of a phrase that refers to a thing; none of a bare name.

    In a label space "hot dog" and "dog" are two classes: only what has an article or the like
    ("the brown dog") is one of several things of its kind.
    """
    words = words_of(noun_phrase)
    refers = len(words) > 1 and words[0] in DETERMINERS
    return frozenset(base_forms(head_noun(noun_phrase)) if refers else ())


def _colours(texts: Sequence[str], weight: float) -> ColourCue | None:
    return ColourCue.of([target_colours(text) for text in texts], weight) if weight else None
