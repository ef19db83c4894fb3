"""The first step of the recurrence in CaR's released code: queries without their template."""

from __future__ import annotations

from dataclasses import replace

from car_video.config import SegmentConfig
from car_video.segment.queries import QuerySet, embed_queries
from car_video.text.embeddings import TextBank


def first_queries(
    config: SegmentConfig, bank: TextBank, queries: QuerySet
) -> tuple[QuerySet, ...]:
    """Other texts of the queries, each for one step before the recurrence.

    The released code puts the template around queries from the second step on. The second step
    is therefore never a repetition of the first one, and it is always taken.

    Args:
        config: with nothing left open.
        bank: remembers embeddings.
        queries: of the recurrence.

    Returns:
        with ``compat: reference`` the bare queries (their rivals keep the template), else
        nothing.
    """
    if config.compat != "reference":
        return ()
    texts, nouns = queries.encoded_texts, queries.noun_phrases
    embeddings = embed_queries(bank, texts, nouns, config.expression, "{}")
    return (replace(queries, embeddings=embeddings),)
