"""Words of place on mask candidates: which of several instances is the one that is named.

Candidates become instances, and an instance that exists with probability w_i is the n-th from
the left with probability w_i times that of exactly n - 1 others existing further left. A
doubtful mask at the very left takes little from a sure one beside it. Soft maps are weighed by
:mod:`car_video.segment.cues.place_maps`. Source: docs/places.md.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.segment.cues.instances import SAME_IOU, existence
from car_video.segment.cues.place_maps import ANCHOR_SOFTNESS
from car_video.segment.cues.place_tensors import (
    ACROSS,
    AREA,
    DOWN,
    HEIGHT,
    LOW,
    SIZE,
    PlaceTensors,
)

BESIDE_WIDTH = 0.2
"""Standard deviation of the sideways distance from an anchor at which something still counts as
behind it or in front of it, in parts of the picture's width."""
GRID = 64
"""Cells along the longer side on which overlaps and edges of masks are measured."""
UNRANKED_FACTOR = 0.3
"""Factor of a mask that is none of the ranked candidates, relative to the best factor."""


def place_agreement(
    logits: Tensor, agreement: Tensor, quality: Tensor, places: PlaceTensors
) -> tuple[Tensor, Tensor]:
    """Agreement of mask candidates with the text and its places.

    The probability that an instance is the one that a place names is :func:`rank_probability`;
    "top right" is the extreme of both directions together, "the biggest on the right" that of
    the ranks in both.

    Maps are not weighed towards the n-th thing or the biggest one, so a mask of it covers only
    its share of what lights up. There the best-ranked candidate gets the agreement of the best
    candidate of its kind, times the probability that there are n of them.

    Args:
        logits: [Q, M, a, b].
        agreement: [Q, M] with the text, in [0, 1]; below 0 marks padding.
        quality: [Q, M] in [0, 1]: the segmenter's own IoU estimate. Its square counts for the
            existence of an instance (measured in benchmarks/spatial: 0.318 -> 0.345 IoU).
        places: of the Q queries.

    Returns:
        [Q, M]: the agreement times the probability of the place, relative to the best one's; 0
        for masks that are no instance of their own. Rows without a place, and padding, are
        returned as given. At most 1.
        [Q] in [0, 1]: the probability that there are as many things as the places count.
    """
    placed = places.has_place
    count_of_all = torch.ones_like(agreement[:, 0])
    if not bool(placed.any()):
        return agreement, count_of_all
    own, given = places[placed], agreement[placed]
    cell = max(1, max(logits.shape[-2:]) // GRID)
    small = F.avg_pool2d((logits[placed] > 0).float(), cell, ceil_mode=True)
    support = given.clamp_min(0) * quality[placed].clamp(0, 1).square()
    exists = existence(small, support, own.min_count)
    probability, count_probability = _place_probability(small, exists, own)
    best = probability.amax(1, keepdim=True)
    relative = torch.where(best > 0, probability / best.clamp_min(1e-12), 1.0)
    ranked = torch.where(given > 0, given * relative, given)
    winner = ranked.amax(1).clamp_min(1e-12)
    unweighed = ((own.direction >= 0) & ~own.weighs_maps).any(1)
    scale = torch.where(unweighed, given.amax(1) * count_probability / winner, 1.0)
    result = agreement.clone()
    result[placed] = torch.where(ranked > 0, ranked * scale[:, None], ranked)
    count_of_all[placed] = count_probability.to(count_of_all.dtype)
    return result, count_of_all


def _place_probability(
    masks: Tensor, exists: Tensor, places: PlaceTensors
) -> tuple[Tensor, Tensor]:
    """Probability [Q, M] that each instance is the one named, all places of a query together,
    and the probability [Q] that there are as many instances as the places count."""
    probability = exists.new_ones(exists.shape)
    keys, anchored, not_beside = _sort_keys(masks, exists, places)
    among = (places.direction >= 0) & ~anchored
    together = (places.ordinal == 1).logical_or(~among).all(1)
    first = torch.ones_like(places.ordinal[:, 0])
    corner = rank_probability(_joint_key(keys, among, exists, places), exists, first)
    count_probability = torch.ones_like(first, dtype=exists.dtype)
    for column in range(keys.shape[1]):
        single = rank_probability(keys[:, column], exists, places.ordinal[:, column])
        alone = among[:, column] & ~together
        probability = torch.where(alone[:, None], probability * single, probability)
        counted = alone & (places.ordinal[:, column] > 1)
        enough = count_probability * single.sum(1)
        count_probability = torch.where(counted, enough, count_probability)
        side = torch.sigmoid(keys[:, column] / ANCHOR_SOFTNESS) * not_beside[:, column]
        # Where the anchor is not in the picture, nothing is on any side of it.
        sure = places.sure[:, column, None]
        side = (1 - sure + sure * side) * exists
        by_anchor = anchored[:, column]
        probability = torch.where(by_anchor[:, None], probability * side, probability)
    both = (among.any(1) & together)[:, None]
    probability = torch.where(both, probability * corner, probability)
    return probability, count_probability.clamp_max(1)


def inherited_place_factor(
    masks: Tensor, candidates: Tensor, factor: Tensor, places: PlaceTensors
) -> Tensor:
    """Place factors of masks that were not ranked, from the ranked candidates that they match.

    Args:
        masks: [Q, C, a, b] logits, for instance of tracks.
        candidates: [Q, M, a, b] logits.
        factor: [Q, M]: what places have multiplied the candidates' agreement by.
        places: of the Q queries.

    Returns:
        [Q, C]: the greatest factor of a candidate that is the same thing. Where there is none,
        :data:`UNRANKED_FACTOR` times the greatest of all; 1 for queries without a place.
    """
    small = [
        F.avg_pool2d((x > 0).float(), 4, ceil_mode=True).flatten(2) for x in (masks, candidates)
    ]
    shared = small[0] @ small[1].transpose(1, 2)
    union = small[0].sum(2)[..., None] + small[1].sum(2)[:, None] - shared
    same = shared > SAME_IOU * union
    known = torch.where(same, factor[:, None], 0.0).amax(2)
    most = factor.amax(1, keepdim=True)
    known = torch.where(same.any(2), known, UNRANKED_FACTOR * torch.where(most > 0, most, 1.0))
    return torch.where(places.has_place[:, None], known, 1.0)


def rank_probability(keys: Tensor, exists: Tensor, ordinal: Tensor) -> Tensor:
    """Probability that each thing is the n-th in descending order of its key.

    Args:
        keys: [Q, M].
        exists: [Q, M] probabilities in [0, 1], taken as independent.
        ordinal: int64 [Q] n, from 1.

    Returns:
        [Q, M] in [0, 1]: the thing exists, and exactly n - 1 things with a greater key do.
    """
    ahead = exists[:, None] * (keys[:, None] > keys[..., None])  # [Q, thing, other]
    most = int(ordinal.max())
    counts = F.one_hot(torch.zeros_like(keys, dtype=torch.int64), most).to(exists.dtype)
    for other in ahead.unbind(2):
        counts = counts * (1 - other[..., None]) + F.pad(counts, (1, -1)) * other[..., None]
    wanted = (ordinal - 1)[:, None, None].expand(-1, keys.shape[1], 1)
    return exists * counts.gather(2, wanted)[..., 0]


def _sort_keys(
    masks: Tensor, exists: Tensor, places: PlaceTensors
) -> tuple[Tensor, Tensor, Tensor]:
    """What instances are sorted by.

    Depth is the lowest edge: what stands further away stands higher in the picture, and what
    something else hides ends where that begins.

    Returns:
        [Q, P, M]: keys, the greatest first; bool [Q, P]: the key is the distance past an
        anchor; [Q, P, M] in [0, 1]: for "behind" and "in front of" an anchor, how little the
        instance lies sideways of it, else 1.
    """
    rows, columns = masks.shape[-2:]
    inside = masks > 0
    x, y = (_extent(inside.any(dim), size) for dim, size in ((2, columns), (3, rows)))
    middle = torch.stack([x.mean(-1), y.mean(-1)], -1)  # [Q, M, 2]
    area = masks.mean((2, 3)).clamp_min(1e-6)
    total = exists.sum(1).clamp_min(1e-9)[:, None]
    centre = (exists[..., None] * middle).sum(1) / total
    away = -(middle - centre[:, None]).norm(dim=-1)
    anchored = places.anchor >= 0
    origin = torch.where(anchored[..., None], places.centre, 0.0)
    past = middle[:, None] - origin[:, :, None]

    def by(values: dict[str, float]) -> Tensor:
        return places.weight(values, area)[..., None]

    low = torch.where(anchored, places.low, 0.0)
    keys = (
        by(ACROSS) * past[..., 0]
        + by(DOWN) * past[..., 1]
        + by(LOW) * (y[:, None, :, 1] - low[..., None])
        + by(SIZE) * area.sqrt()[:, None] * ~anchored[..., None]
        + by(AREA) * area.log()[:, None]
        + by(HEIGHT) * (y[..., 1] - y[..., 0])[:, None]
        + by({"middle": 1.0}) * away[:, None]
    )
    sideways = torch.maximum(
        x[:, None, :, 0] - origin[..., :1], origin[..., :1] - x[:, None, :, 1]
    ).clamp_min(0)
    depth = anchored[..., None] & (by(LOW) != 0)
    not_beside = torch.where(depth, torch.exp(-sideways.square() / (2 * BESIDE_WIDTH**2)), 1.0)
    return keys, anchored, not_beside


def _joint_key(keys: Tensor, among: Tensor, exists: Tensor, places: PlaceTensors) -> Tensor:
    """One key [Q, M] for all places among the kind, from keys [Q, P, M].

    Sides share their unit, so their keys add up to a corner. Sizes and depths have other units,
    so their ranks add up: the part of the other instances, weighted by existence, whose key is
    smaller.
    """
    sides = places.weight(dict.fromkeys((*ACROSS, *DOWN), 1.0), keys) > 0
    unlike = (among & ~sides).any(1) & (among.sum(1) > 1)
    behind = keys[..., None] > keys[:, :, None]
    other = ~torch.eye(exists.shape[1], dtype=torch.bool, device=exists.device)
    others = (other * exists[:, None]).sum(-1)[:, None].clamp_min(1e-9)
    rank = (behind * exists[:, None, None]).sum(-1) / others
    return (torch.where(unlike[:, None, None], rank, keys) * among[..., None]).sum(1)


def _extent(inside: Tensor, size: int) -> Tensor:
    """First and last edge of bool [..., n] along the last axis, in parts of ``size``."""
    at = torch.arange(size, device=inside.device)
    first = torch.where(inside, at, size).amin(-1)
    last = torch.where(inside, at + 1, 0).amax(-1)
    return torch.stack([first, last], -1) / size
