"""Spatial words as geometry: "left" among what the noun lights up, not left of the picture.

Two levels, both batched over queries. :func:`tilt` weighs soft maps by where along their own
mass a cell lies. :func:`place_agreement` looks at mask candidates as instances and ranks them:
an instance that exists with probability w_i is the n-th from the left with probability w_i
times that of exactly n - 1 others existing further left. So a doubtful mask at the very left
takes little from a sure one beside it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.segment.cues.place_tensors import (
    ACROSS,
    AREA,
    DIRECTIONS,
    DOWN,
    LOW,
    SIZE,
    PlaceTensors,
    middles,
)

TILT = 0.35  # softness of the tilt, in parts of a map's mass
ANCHOR_TILT = 0.05  # the same beside an anchor, in parts of the picture's side
BESIDE = 0.2  # how far sideways of an anchor something is still behind or in front of it
MIDDLE = 0.2  # width of the middle, in parts of a map's mass
SAME, WITHIN = 0.5, 0.8  # IoU, and overlap with the smaller, from which two masks are one thing
APART = 0.2  # overlap with the smaller, below which they are two
PART = 0.7  # of the area, below which a mask within another is not the same
NOTABLE = 0.3  # of the best one's liking, from which an instance counts
GRID = 64  # cells along the longer side that overlaps and edges are measured on
GROUPS = 3  # masks of plural things together that are looked through
STRANGER = 0.3  # factor of a mask that is none of the candidates
CERTAIN = 0.999  # the best candidate exists, nearly


def tilt(maps: Tensor, evidence: Tensor, places: PlaceTensors) -> tuple[Tensor, Tensor]:
    """Maps that fade away from where the places are.

    Along an axis a cell is known by its quantile, the part of the map's mass before it. Depth
    and size are left to :func:`place_agreement`, as are ordinals after the first.

    Args:
        maps: [Q, h, w] in [0, 1].
        evidence: [Q, h, w] in [0, 1].
        places: of the Q queries.

    Returns:
        both with the same weights, stretched to the maxima they had; rows without a place as
        they were.
    """
    mass = maps * evidence
    qx, qy = (_quantiles(mass.sum(dim)) for dim in (1, 2))
    quantile = torch.stack([qx[:, None].expand_as(maps), qy[..., None].expand_as(maps)], -1)
    rows, columns = maps.shape[-2:]
    x, y = torch.meshgrid(middles(columns, maps), middles(rows, maps), indexing="xy")
    own = quantile[:, None] - 0.5
    beside = torch.stack([x, y], -1) - places.centre[:, :, None, None]
    anchored = (places.anchor >= 0)[..., None, None]
    way = torch.stack([places.weight(ACROSS, maps), places.weight(DOWN, maps)], -1)[
        :, :, None, None
    ]
    along = (torch.where(anchored[..., None], beside, own) * way).sum(-1)
    weight = torch.sigmoid(along / torch.where(anchored, ANCHOR_TILT, TILT))
    middle = places.direction == DIRECTIONS.index("middle")
    near = torch.exp(-own.square().sum(-1) / (2 * MIDDLE**2))
    weight = torch.where(middle[..., None, None], near, weight)
    counts = places.tilts
    weight = torch.where(counts[..., None, None], weight, 1.0).prod(1)
    placed = counts.any(1)[:, None, None]
    return (
        torch.where(placed, _stretched(maps * weight, maps), maps),
        torch.where(placed, _stretched(evidence * weight, evidence), evidence),
    )


def place_agreement(
    logits: Tensor, agreement: Tensor, quality: Tensor, places: PlaceTensors
) -> tuple[Tensor, Tensor]:
    """Agreement of mask candidates with the text and its places.

    Candidates become instances: the best first, those that overlap a better one fall away.
    How probable each is to be the one that the places name is :func:`nth`; "top right" is the
    extreme of both directions together, "the biggest on the right" that of the ranks in both.

    No map is tilted towards the n-th thing or the biggest (see :func:`tilt`), so a mask of it
    covers only its share of what lights up. There the winner is liked as the best candidate of
    its kind is, times the probability that there are n of them at all.

    Args:
        logits: [Q, M, a, b].
        agreement: [Q, M] with the text, in [0, 1]; below 0 where there is no mask.
        quality: [Q, M] the segmenter's own opinion of its masks. Its square has a say in which
            instances exist (measured in benchmarks/spatial: 0.318 -> 0.345 IoU).
        places: of the Q queries.

    Returns:
        [Q, M]: times the probability relative to the best one's, 0 for masks that are no
        instance of their own; rows without a place, and masks that are not there, as given. At
        most 1.
        [Q]: how probable it is that there are as many things as the places count, in [0, 1].
    """
    placed = places.has_place
    everyone = torch.ones_like(agreement[:, 0])
    if not bool(placed.any()):
        return agreement, everyone
    cell = max(1, max(logits.shape[-2:]) // GRID)
    small = F.avg_pool2d((logits[placed] > 0).float(), cell, ceil_mode=True)
    own = places[placed]
    liked = agreement[placed].clamp_min(0) * quality[placed].clamp(0, 1).square()
    exists = _instances(small, liked, own.least)
    probability = exists.new_ones(exists.shape)
    keys, anchored, over = _keys(small, exists, own)
    among = (own.direction >= 0) & ~anchored
    together = (own.ordinal == 1).logical_or(~among).all(1)
    corner = nth(
        _together(keys, among, exists, own), exists, torch.ones_like(own.ordinal[:, 0])
    )
    count_probability = torch.ones_like(own.ordinal[:, 0], dtype=exists.dtype)
    for column in range(keys.shape[1]):
        single = nth(keys[:, column], exists, own.ordinal[:, column])
        alone = among[:, column] & ~together
        probability = torch.where(alone[:, None], probability * single, probability)
        counted = alone & (own.ordinal[:, column] > 1)
        count_probability = torch.where(
            counted, count_probability * single.sum(1), count_probability
        )
        side = torch.sigmoid(keys[:, column] / ANCHOR_TILT) * over[:, column] * exists
        beside = anchored[:, column]
        probability = torch.where(beside[:, None], probability * side, probability)
    both = (among.any(1) & together)[:, None]
    probability = torch.where(both, probability * corner, probability)
    best = probability.amax(1, keepdim=True)
    relative = torch.where(best > 0, probability / best.clamp_min(1e-12), 1.0)
    given = agreement[placed]
    ranked = torch.where(given > 0, given * relative, given)
    winner = ranked.amax(1).clamp_min(1e-12)
    shared = ((own.direction >= 0) & ~own.tilts).any(1)
    count_probability = count_probability.clamp_max(1)
    scale = torch.where(shared, given.amax(1) * count_probability / winner, 1.0)
    result = agreement.clone()
    result[placed] = torch.where(ranked > 0, ranked * scale[:, None], ranked)
    everyone[placed] = count_probability.to(everyone.dtype)
    return result, everyone


def inherited_place_factor(
    masks: Tensor, candidates: Tensor, factor: Tensor, places: PlaceTensors
) -> Tensor:
    """What places say of masks that were not among the candidates, by those that they are.

    Args:
        masks: [Q, C, a, b] logits.
        candidates: [Q, M, a, b] logits.
        factor: [Q, M] of the candidates' agreement, of their places.
        places: of the Q queries.

    Returns:
        [Q, C] the greatest factor of a candidate that is the same thing; where none is,
        :data:`STRANGER` times the greatest of all; 1 for queries without a place.
    """
    small = [
        F.avg_pool2d((x > 0).float(), 4, ceil_mode=True).flatten(2) for x in (masks, candidates)
    ]
    shared = small[0] @ small[1].transpose(1, 2)
    union = small[0].sum(2)[..., None] + small[1].sum(2)[:, None] - shared
    same = shared > SAME * union
    known = torch.where(same, factor[:, None], 0.0).amax(2)
    most = factor.amax(1, keepdim=True)
    known = torch.where(same.any(2), known, STRANGER * torch.where(most > 0, most, 1.0))
    return torch.where(places.has_place[:, None], known, 1.0)


def nth(keys: Tensor, exists: Tensor, ordinal: Tensor) -> Tensor:
    """How probable it is that each thing is the n-th in descending order of its key.

    Args:
        keys: [Q, M].
        exists: [Q, M] probabilities in [0, 1], taken as independent.
        ordinal: int64 [Q] n, from 1.

    Returns:
        [Q, M] in [0, 1]: that it exists and exactly n - 1 with a greater key do.
    """
    ahead = exists[:, None] * (keys[:, None] > keys[..., None])  # [Q, thing, other]
    most = int(ordinal.max())
    counts = F.one_hot(torch.zeros_like(keys, dtype=torch.int64), most).to(exists.dtype)
    for other in ahead.unbind(2):
        counts = counts * (1 - other[..., None]) + F.pad(counts, (1, -1)) * other[..., None]
    wanted = (ordinal - 1)[:, None, None].expand(-1, keys.shape[1], 1)
    return exists * counts.gather(2, wanted)[..., 0]


def _instances(masks: Tensor, liked: Tensor, least: Tensor) -> Tensor:
    """How surely each mask [Q, M, a, b] is an instance, [Q, M] in [0, 1], by how it is liked
    against the best; 0 for those that overlap a better one.

    Where fewer than ``least`` (int64 [Q]) are found, the best mask may be all of them together:
    if two masks within it lie apart, it is none.
    """
    flat = masks.flatten(2)
    shared = flat @ flat.transpose(1, 2)
    area = flat.sum(2)
    union = area[:, None] + area[..., None] - shared
    smaller = torch.minimum(area[:, None], area[..., None])
    same = (shared > SAME * union) | (shared > WITHIN * smaller)
    apart = shared < APART * smaller
    liked = torch.where(area > 0, liked, 0.0)
    rows = torch.arange(len(liked), device=liked.device)
    kept = _apart(liked, same)
    for _ in range(GROUPS):
        strong = kept >= NOTABLE * kept.amax(1, keepdim=True).clamp_min(1e-9)
        best = liked.argmax(1)
        within = shared[rows, best] > WITHIN * area
        within &= area < PART * area[rows, best][:, None]
        within &= liked >= NOTABLE / 2 * liked[rows, best][:, None]
        two = (within[:, None] & within[..., None] & apart).flatten(1).any(1)
        group = two & (least > 2) & (strong.sum(1) < least)
        if not bool(group.any()):
            break
        alike = shared[rows, best] > PART * union[rows, best]
        liked = torch.where(group[:, None] & alike, 0.0, liked)
        kept = torch.where(group[:, None], _apart(liked, same), kept)
    return (kept / kept.amax(1, keepdim=True).clamp_min(1e-9)).clamp_max(CERTAIN)


def _apart(liked: Tensor, same: Tensor) -> Tensor:
    """[Q, M] as given, but 0 for those that are the same [Q, M, M] as one liked better."""
    left, kept = liked.clone(), torch.zeros_like(liked)
    rows = torch.arange(len(liked), device=liked.device)
    for _ in range(liked.shape[1]):
        value, best = left.max(1)
        if not bool((value > 0).any()):
            break
        kept[rows, best] = torch.maximum(kept[rows, best], value)
        left = torch.where(same[rows, best] & (value > 0)[:, None], 0.0, left)
        left[rows, best] = 0.0
    return kept


def _keys(masks: Tensor, exists: Tensor, places: PlaceTensors) -> tuple[Tensor, Tensor, Tensor]:
    """What things are ordered by, [Q, P, M], greatest first; bool [Q, P]: whether it is the
    distance past an anchor; and [Q, P, M] in [0, 1]: for what is behind an anchor or in front
    of it, whether it is not beside it, else 1.

    Depth is the lowest edge: what stands further away stands higher in the picture, and what
    something else hides ends where that begins.
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
        + by({"middle": 1.0}) * away[:, None]
    )
    gap = torch.maximum(
        x[:, None, :, 0] - origin[..., :1], origin[..., :1] - x[:, None, :, 1]
    ).clamp_min(0)
    depth = anchored[..., None] & (by(LOW) != 0)
    over = torch.where(depth, torch.exp(-gap.square() / (2 * BESIDE**2)), 1.0)
    return keys, anchored, over


def _together(keys: Tensor, among: Tensor, exists: Tensor, places: PlaceTensors) -> Tensor:
    """One key [Q, M] of all places among the kind, of keys [Q, P, M].

    Sides share their unit and add up to a corner. Sizes and depths do not: there the ranks are
    added: the part of the other things, as surely as they exist, that each key leaves behind.
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


def _quantiles(mass: Tensor) -> Tensor:
    """Part of the mass [Q, n] before the middle of each entry."""
    part = mass / mass.sum(-1, keepdim=True).clamp_min(1e-9)
    return part.cumsum(-1) - part / 2


def _stretched(maps: Tensor, before: Tensor) -> Tensor:
    """Maps with the maxima that they had."""
    tops = (m.flatten(1).amax(1)[:, None, None] for m in (before, maps))
    old, new = tops
    return (maps * (old / new.clamp_min(1e-12))).clamp(max=1.0)
