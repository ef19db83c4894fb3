"""From masks and scores of queries to the prediction for expressions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from car_video.segment.queries import QuerySet
from car_video.types import FramePrediction


def of_expressions(
    queries: QuerySet,
    shown: NDArray[np.int64],
    masks: NDArray[np.bool_],
    scores: NDArray[np.float32],
    index: int,
    time: float,
    evidence: Mapping[str, NDArray[np.float32]] | None,
) -> FramePrediction:
    """What a frame shows of every expression.

    Args:
        queries: Q queries of E expressions.
        shown: numbers of the N queries that are present.
        masks: bool [N, H, W] of those.
        scores: float32 [Q].
        index: of the frame.
        time: of the frame in seconds.
        evidence: by part, float32 [Q] each.

    Returns:
        The union of an expression's queries as its mask, and the score of the surest of them.
        An expression whose mask is empty is not present.
    """
    parts = queries.parts
    result = np.zeros((len(parts), *masks.shape[1:]), bool)
    for query, mask in zip(shown, masks, strict=True):
        for row in (row for row, own in enumerate(parts) if query in own):
            result[row] |= mask
    found: NDArray[np.bool_] = np.asarray(result.any((1, 2)), bool)
    speaks = np.array([max(own, key=scores.item) if own else -1 for own in parts])
    confidence = np.where(speaks >= 0, scores[speaks], 0).astype(np.float32)
    extras = {}
    if evidence is not None:
        extras["evidence"] = {
            name: np.where(speaks >= 0, values[speaks], np.nan)
            for name, values in evidence.items()
        }
    texts = queries.expressions
    return FramePrediction(index, time, texts, result, confidence, found, extras)
