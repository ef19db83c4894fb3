"""Object identity before language: rival tracks, and the sentence that chooses among them.

A frame offers masks for every expression: those that language prompts, and those that each
track prompts where its object should be by now. Every track takes the mask that continues it
best; what language thinks of that mask goes into the track's running score. New objects that
language likes start tracks of their own. The best track is the answer, so a single frame that
misleads language does not make the mask jump.

Everything is batched over expressions (Q), tracks (K) and candidates (C).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config.video import TrackConfig
from car_video.segment.mask_selection.candidates import soft_iou
from car_video.segment.mask_selection.overlaps import half_masks
from car_video.video.state.tensors import State, take
from car_video.video.tracking.appearance import Identity

NOWHERE = float("-inf")
AGREEMENT_FLOOR = 0.02  # agreements below it are all equally bad
SUPPORT_FLOOR = 0.05  # the same of overlaps with what memory expects
LOOK_RATE = 0.1  # of the newest look in a track's look
SAME = 0.7  # two tracks with masks of this IoU are one
BIRTHS = 2  # tracks that may begin per frame and expression


@dataclass(frozen=True)
class Tracks:
    """Tracks of all expressions; slot 0 of each expression is its best.

    Attributes:
        logits: [Q, K, a, b] masks on SAM's grid.
        value: [Q, K] running mean of the log agreement with the text, -inf: no track.
        age: int64 [Q, K] frames since it began.
        look: [Q, K, D] unit-length mean feature of the object, slowly following it.
    """

    logits: Tensor
    value: Tensor
    age: Tensor
    look: Tensor

    @property
    def alive(self) -> Tensor:
        """bool [Q, K]."""
        return self.value > NOWHERE

    @classmethod
    def none(
        cls, queries: int, count: int, grid: tuple[int, int], features: int, like: Tensor
    ) -> Tracks:
        """No track yet, for features of so many dimensions."""
        return cls(
            like.new_zeros(queries, count, *grid),
            like.new_full((queries, count), NOWHERE),
            torch.zeros(queries, count, dtype=torch.int64, device=like.device),
            like.new_zeros(queries, count, features),
        )

    def state_dict(self) -> State:
        """The attributes by name."""
        return {name: getattr(self, name) for name in ("logits", "value", "age", "look")}

    @classmethod
    def from_state(cls, state: State, shape: tuple[int, int], device: torch.device) -> Tracks:
        """Back from :meth:`state_dict`; ``shape``: (Q, K). Raises ConfigError."""
        return cls(
            take(state, "logits", torch.float32, (*shape, None, None)).to(device),
            take(state, "value", torch.float32, shape).to(device),
            take(state, "age", torch.int64, shape).to(device),
            take(state, "look", torch.float32, (*shape, None)).to(device),
        )


@dataclass(frozen=True)
class Offer:
    """Masks that a frame offers for each expression.

    Attributes:
        logits: [Q, C, a, b].
        agreement: [Q, C] with the text, in [0, 1]; below 0 where there is no mask.
        by_language: how many of the C language has prompted; they come first.
        looks: [Q, C, D] unit-length mean feature under each mask; None without features.
    """

    logits: Tensor
    agreement: Tensor
    by_language: int
    looks: Tensor | None = None


def overlaps(a: Tensor, b: Tensor) -> Tensor:
    """IoU of every flat 0/1 mask of [Q, C, n] with every one of [Q, K, n]: [Q, C, K]."""
    shared = a @ b.transpose(-1, -2)
    return shared / (a.sum(-1)[..., :, None] + b.sum(-1)[..., None, :] - shared).clamp_min(1)


def advance(
    tracks: Tracks,
    offer: Offer,
    moved: Tensor,
    expected: Tensor,
    known: Tensor,
    config: TrackConfig,
    identity: Identity | None = None,
) -> tuple[Tracks, Tensor]:
    """One frame on: every track continues or is lost, new ones begin, the best come first.

    Args:
        tracks: of the last frame.
        offer: masks of this frame.
        moved: [Q, K, a, b] logits of the tracks' masks, moved with the picture.
        expected: [Q, K, h, w] in [0, 1]: where memory says that each object is.
        known: bool [Q, K]: whether memory says anything.
        config: see :class:`TrackConfig`.
        identity: what each expression's object has looked like; None: nobody knows.

    Returns:
        The tracks, and int64 [Q, K]: the slot each has come from, -1 if it is new.
    """
    masks = half_masks(offer.logits)
    there = offer.agreement >= 0
    language = offer.agreement.clamp_min(AGREEMENT_FLOOR).log()
    overlap = overlaps(masks, half_masks(moved))
    support = _support(offer.logits, expected)
    familiar = support.clamp_min(SUPPORT_FLOOR).log() * known[:, None]
    assert offer.looks is not None
    likeness = offer.looks @ tracks.look.transpose(-1, -2)
    fit = (
        language[..., None]
        + config.overlap_weight * overlap
        + config.memory_weight * familiar
        + config.look_weight * likeness
    )
    fit = fit.masked_fill(~there[..., None], NOWHERE)
    follower = fit.argmax(1)  # [Q, K]
    kept = overlap.gather(1, follower[:, None])[:, 0] > config.lost_overlap
    kept &= likeness.gather(1, follower[:, None])[:, 0] > config.lost_likeness
    kept &= tracks.alive & (fit.amax(1) > NOWHERE)
    heard = language.gather(1, follower)
    rate = (1 / (tracks.age + 2.0)).clamp_min(1 - config.decay)
    value = torch.where(kept, tracks.value.lerp(heard, rate), NOWHERE)
    born = _births(masks, language, there, offer.by_language, follower, kept)
    chosen = torch.cat([follower, born], 1)
    fresh = language.gather(1, born.clamp_min(0)).masked_fill(born < 0, NOWHERE)
    values = torch.cat([value, fresh], 1)
    ages = torch.cat([tracks.age + 1, torch.zeros_like(born)], 1)
    slots = torch.arange(follower.shape[1], device=born.device).expand_as(follower)
    parents = torch.cat([slots, torch.full_like(born, -1)], 1)
    rank = values - config.birth_cost * config.decay**ages
    rank[:, 0] += config.switch_cost
    if identity is not None:
        own = offer.looks.gather(
            1, chosen.clamp_min(0)[..., None].expand(-1, -1, offer.looks.shape[-1])
        )
        rank += identity.pull(own)
    order = _rank_apart(
        rank, masks, chosen.clamp_min(0), min(config.count, rank.shape[1]), config.count
    )
    picked = order.clamp_min(0)
    empty = order < 0
    candidate = chosen.gather(1, picked).clamp_min(0)
    rows = torch.arange(len(candidate), device=candidate.device)[:, None]
    parent = parents.gather(1, picked).masked_fill(empty, -1)
    look = offer.looks[rows, candidate]
    before = tracks.look[rows, parent.clamp_min(0)]
    slow = F.normalize(before.lerp(look, LOOK_RATE), dim=-1)
    new = Tracks(
        offer.logits[rows, candidate],
        values.gather(1, picked).masked_fill(empty, NOWHERE),
        ages.gather(1, picked).masked_fill(empty, 0),
        torch.where((parent >= 0)[..., None], slow, look),
    )
    return new, parent


def glide(
    tracks: Tracks, offer: Offer, moved: Tensor, quality: Tensor, config: TrackConfig
) -> tuple[Tracks, Tensor, Tensor]:
    """One frame on without language: the best tracks take new masks, rivals drift along.

    Args:
        tracks: of the last frame.
        offer: three masks for the best track of each expression and nothing else,
            [Q, 3, a, b]. Who is offered nothing drifts.
        moved: as in :func:`advance`.
        quality: [Q, 3] how well each mask holds together, in [0, 1].
        config: see :class:`TrackConfig`.

    Returns:
        The tracks in their slots; bool [Q]: whose best track is lost, that is, has no mask near
        where it has moved to (the caller has to ask language then); and [Q] the IoU of each
        best track's mask with that place, 1 for those that drift.
    """
    overlap = overlaps(half_masks(offer.logits), half_masks(moved[:, :1]))[..., 0]
    asked = offer.agreement.ge(0).any(1)
    best = (overlap * quality).argmax(1)
    rows = torch.arange(len(best), device=best.device)
    lost = tracks.alive[:, 0] & asked & (overlap[rows, best] <= config.lost_overlap)
    logits = moved.clone()
    leader = torch.where(asked[:, None, None], offer.logits[rows, best], moved[:, 0])
    logits[:, 0] = leader
    sure = torch.where(asked & tracks.alive[:, 0], overlap[rows, best], 1.0)
    return Tracks(logits, tracks.value, tracks.age + 1, tracks.look), lost, sure


def _support(logits: Tensor, expected: Tensor) -> Tensor:
    """Soft IoU of candidates with what memory expects of each track, [Q, C, K]."""
    grid = (int(expected.shape[-2]), int(expected.shape[-1]))
    cells = F.adaptive_avg_pool2d((logits > 0).float(), grid)
    return torch.stack([soft_iou(cells, expected[:, k]) for k in range(expected.shape[1])], 2)


def _births(
    masks: Tensor,
    language: Tensor,
    there: Tensor,
    by_language: int,
    follower: Tensor,
    kept: Tensor,
) -> Tensor:
    """Candidates of language that no track follows: int64 [Q, BIRTHS], -1 where there is none.

    The best one, and the best that is apart from it.
    """
    rows = torch.arange(len(masks), device=masks.device)
    followed = masks.gather(1, follower[..., None].expand(-1, -1, masks.shape[-1]))
    followed = followed * kept[..., None]
    own = masks[:, :by_language]
    free = there[:, :by_language] & (overlaps(own, followed).amax(2) < SAME)
    score = language[:, :by_language].masked_fill(~free, NOWHERE)
    born = []
    for _ in range(BIRTHS):
        best = score.argmax(1)
        found = score[rows, best] > NOWHERE
        born.append(torch.where(found, best, -1))
        same = overlaps(own, own[rows, best][:, None])[..., 0] >= SAME
        score = score.masked_fill(same | (~found)[:, None], NOWHERE)
        score[rows, best] = NOWHERE
    return torch.stack(born, 1)


def _rank_apart(rank: Tensor, masks: Tensor, chosen: Tensor, count: int, size: int) -> Tensor:
    """The best ``count`` entries whose masks are apart: int64 [Q, size], -1: none."""
    rows = torch.arange(len(rank), device=rank.device)
    own = masks.gather(1, chosen[..., None].expand(-1, -1, masks.shape[-1]))
    same = overlaps(own, own) >= SAME
    left = rank.clone()
    order = []
    for _ in range(count):
        best = left.argmax(1)
        found = left[rows, best] > NOWHERE
        order.append(torch.where(found, best, -1))
        left = left.masked_fill(same[rows, best], NOWHERE)
        left[rows, best] = NOWHERE
    while len(order) < size:
        order.append(torch.full_like(order[0], -1))
    return torch.stack(order, 1)


def without(tracks: Tracks, gone: Tensor) -> Tracks:
    """The tracks with those of some expressions dropped; ``gone``: bool [Q]."""
    return replace(tracks, value=tracks.value.masked_fill(gone[:, None], NOWHERE))
