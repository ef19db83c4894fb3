"""Which track each expression takes, decided for all expressions together.

Every expression ranks its own tracks. Left alone, two of them take the same person: "the boy"
and "the girl" both follow the girl. Here tracks of different expressions whose masks coincide
are one hypothesis, and hypotheses are assigned so that the sum of the ranks is largest. Two
expressions share a hypothesis only if their words say the same, or if every other hypothesis is
much worse.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from car_video.segment.mask_selection.overlaps import half_masks
from car_video.video.tracking.tracks import SAME_TRACK_IOU, overlaps

IMPOSSIBLE = -1e6
"""Worth of a hypothesis that an expression has no track for."""


def decide_together(
    logits: Tensor, rank: Tensor, may_share: NDArray[np.bool_], share_cost: float
) -> Tensor:
    """The slot of the track that each expression takes.

    Args:
        logits: [Q, K, a, b] masks of the tracks.
        rank: [Q, K] worth of each track for its expression; -inf: no track.
        may_share: bool [Q, Q], symmetric: whose words allow that they name the same thing.
        share_cost: what sharing with an expression that means something else costs, in the
            unit of ``rank``.

    Returns:
        int64 [Q]; 0 for an expression without a track.
    """
    first = np.zeros(len(rank), np.int64)
    alive = rank > float("-inf")
    if len(rank) < 2 or bool(may_share.all()) or not bool(alive.any()):
        return torch.from_numpy(first).to(rank.device)
    hypothesis = hypotheses_of(logits, alive)
    worth, slots = _worth(rank, hypothesis)
    taken = assign(worth, may_share, share_cost)
    held = np.flatnonzero(taken >= 0)
    first[held] = slots[held, taken[held]]
    return torch.from_numpy(first).to(rank.device)


def hypotheses_of(logits: Tensor, alive: Tensor) -> NDArray[np.int64]:
    """Number of the hypothesis of each track, int64 [Q, K]; -1 where there is no track.

    Args:
        logits: [Q, K, a, b].
        alive: bool [Q, K].
    """
    masks = half_masks(logits)[alive]
    same = overlaps(masks[None], masks[None])[0] >= SAME_TRACK_IOU
    _, labels = connected_components(same.cpu().numpy(), directed=False)
    numbers = np.full(alive.shape, -1, np.int64)
    numbers[alive.cpu().numpy()] = labels
    return numbers


def assign(
    worth: NDArray[np.float64], may_share: NDArray[np.bool_], share_cost: float
) -> NDArray[np.int64]:
    """The hypothesis of each expression.

    Expressions that say the most come first and are assigned together (Hungarian method). Those
    whose words another one contains ("the dog" beside "the brown dog") choose after them: they
    may share with it at no cost.

    Args:
        worth: [Q, H]; :data:`IMPOSSIBLE` where an expression has no such track.
        may_share: bool [Q, Q].
        share_cost: see :func:`decide_together`.

    Returns:
        int64 [Q]; -1 for an expression without any track.
    """
    taken = np.full(len(worth), -1, np.int64)
    has_track = worth.max(1) > IMPOSSIBLE
    together = _unrelated(may_share) & has_track
    alone = np.flatnonzero(together)
    if len(alone):
        # A column of its own for each: its best hypothesis, shared at a cost.
        best = worth[alone].argmax(1)
        shared = np.full((len(alone), len(alone)), IMPOSSIBLE)
        np.fill_diagonal(shared, worth[alone, best] - share_cost)
        rows, columns = linear_sum_assignment(
            np.concatenate([worth[alone], shared], 1), maximize=True
        )
        own = np.append(np.arange(worth.shape[1]), best)
        taken[alone[rows]] = own[columns]
    for row in np.flatnonzero(has_track & ~together):
        strangers = np.flatnonzero(~may_share[row] & (taken >= 0))
        cost = np.zeros(worth.shape[1])
        cost[taken[strangers]] = share_cost
        taken[row] = int((worth[row] - cost).argmax())
    return taken


def _unrelated(may_share: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool [Q]: expressions of which no two may share; those with few relations first."""
    chosen = np.zeros(len(may_share), bool)
    for row in np.argsort(may_share.sum(1), kind="stable"):
        chosen[row] = not (may_share[row] & chosen).any()
    return chosen


def _worth(
    rank: Tensor, hypothesis: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """[Q, H] the best rank of each expression's tracks of a hypothesis, and their slots."""
    ranks = rank.double().cpu().numpy()
    count, tracks = ranks.shape
    worth = np.full((count, int(hypothesis.max()) + 1), IMPOSSIBLE)
    slots = np.zeros(worth.shape, np.int64)
    for slot in range(tracks):
        rows = np.flatnonzero(hypothesis[:, slot] >= 0)
        columns = hypothesis[rows, slot]
        better = ranks[rows, slot] > worth[rows, columns]
        worth[rows[better], columns[better]] = ranks[rows[better], slot]
        slots[rows[better], columns[better]] = slot
    return worth, slots
