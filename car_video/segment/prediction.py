"""From what survives the recurrence to masks and scores of all queries, and from these to the
prediction for expressions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from car_video.segment.queries import QuerySet
from car_video.segment.recurrence import Survivors
from car_video.segment.refinement.refine import RefinedMasks
from car_video.types import FramePrediction

COUNT_POWER = 0.3
"""Exponent of the probability that there are as many things as an ordinal counts, as a factor
of the presence score. It is the exponent of agreement in
:func:`car_video.video.presence.track_presence`."""


def of_queries(
    count: int, survivors: Survivors, refined: RefinedMasks, counted: bool
) -> tuple[Tensor, NDArray[np.float32]]:
    """What a picture shows of every query; those that were dropped have empty masks.

    Args:
        count: Q, of all queries.
        survivors: N of them.
        refined: masks of the survivors, bool [N, h, w].
        counted: whether scores are lower where there are too few things for an ordinal.

    Returns:
        masks bool [Q, h, w] and scores float32 [Q].
    """
    scores = survivors.scores_of_all(count)
    if refined.count_probability is not None and counted:
        factor = refined.count_probability.float().cpu().numpy() ** COUNT_POWER
        scores[survivors.alive.numpy()] *= factor
    masks = refined.masks.new_zeros(count, *refined.masks.shape[-2:])
    masks[survivors.alive] = refined.masks
    return masks, scores


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
