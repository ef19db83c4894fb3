"""Rival tracks of each expression, and the running scores by which the sentence chooses.

A frame has candidate masks for every expression: language prompts some, and each track prompts
some where its object should be by now. Of the candidates that are rather a track's object than
not, the track takes the one for which most speaks, language included. The text score of that
candidate goes into the track's running score. Good candidates that no track follows begin
tracks of their own. The best track is the answer, so a single frame that misleads language does
not make the mask jump.

Everything is batched over expressions (Q), tracks (K) and candidates (C).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config.video import TrackConfig
from car_video.segment.mask_selection.candidates import soft_iou
from car_video.segment.mask_selection.overlaps import half_masks
from car_video.video.state.tensors import State, take
from car_video.video.tracking.appearance import ObjectAppearance
from car_video.video.tracking.association import Association
from car_video.video.tracking.timing import Elapsed, decay

NO_TRACK = float("-inf")
AGREEMENT_FLOOR = 0.02  # agreements below it are all equally bad
KIND_FLOOR = 0.05  # the same of probabilities among things of one kind
APPEARANCE_SECONDS = 3.2  # in which the weight of a past look in a track's appearance is 1/e
SAME_TRACK_IOU = 0.7  # two tracks with masks of this IoU are one
BIRTHS = 2  # tracks that may begin per frame and expression


@dataclass(frozen=True)
class Tracks:
    """Tracks of all expressions; slot 0 of each expression is its best.

    Attributes:
        logits: [Q, K, a, b] masks on SAM's grid.
        value: [Q, K] running mean of the text scores, -inf: no track.
        kind: [Q, K] running mean of the scores among things of one kind, at most 0.
        age: [Q, K] seconds since it began.
        seen: int64 [Q, K] language frames since it began, the first one included.
        appearance: [Q, K, D] unit-length mean feature of the object, slowly following it.
    """

    logits: Tensor
    value: Tensor
    kind: Tensor
    age: Tensor
    seen: Tensor
    appearance: Tensor

    @property
    def alive(self) -> Tensor:
        """bool [Q, K]."""
        return self.value > NO_TRACK

    @cached_property
    def alive_here(self) -> NDArray[np.bool_]:
        """:attr:`alive` as an array, fetched once: the device has to be waited for."""
        return np.asarray(self.alive.cpu().numpy())

    @cached_property
    def seen_here(self) -> NDArray[np.int64]:
        """:attr:`seen` as an array, fetched once."""
        return np.asarray(self.seen.cpu().numpy())

    @classmethod
    def none(
        cls, queries: int, count: int, grid: tuple[int, int], features: int, like: Tensor
    ) -> Tracks:
        """No track yet, for features of so many dimensions."""
        return cls(
            like.new_zeros(queries, count, *grid),
            like.new_full((queries, count), NO_TRACK),
            like.new_zeros(queries, count),
            like.new_zeros(queries, count),
            torch.zeros(queries, count, dtype=torch.int64, device=like.device),
            like.new_zeros(queries, count, features),
        )

    def of(self, query: int) -> Tracks:
        """A copy of the tracks of one expression, as if it were alone."""
        return Tracks(*(getattr(self, f.name)[query : query + 1].clone() for f in fields(self)))

    def with_first(self, slot: Tensor) -> Tracks:
        """Other best tracks, by their slots int64 [Q]."""
        return Tracks(*(with_first(getattr(self, f.name), slot) for f in fields(self)))

    def state_dict(self) -> State:
        """The attributes by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_state(cls, state: State, shape: tuple[int, int], device: torch.device) -> Tracks:
        """Back from :meth:`state_dict`; ``shape``: (Q, K). Raises ConfigError."""
        return cls(
            take(state, "logits", torch.float32, (*shape, None, None)).to(device),
            take(state, "value", torch.float32, shape).to(device),
            take(state, "kind", torch.float32, shape).to(device),
            take(state, "age", torch.float32, shape).to(device),
            take(state, "seen", torch.int64, shape).to(device),
            take(state, "appearance", torch.float32, (*shape, None)).to(device),
        )


@dataclass(frozen=True)
class TrackCandidates:
    """Masks that a frame offers for each expression.

    Attributes:
        logits: [Q, C, a, b].
        agreement: [Q, C] with the text, in [0, 1]; below 0 where there is no mask.
        by_language: how many of the C were prompted by language; they come first.
        appearance: [Q, C, D] unit-length mean feature under each mask; None without features.
        among_kind: [Q, C] in [0, 1] probability that a mask is the one of its kind that is
            meant; None where expressions name things of different kinds.
    """

    logits: Tensor
    agreement: Tensor
    by_language: int
    appearance: Tensor | None = None
    among_kind: Tensor | None = None

    def kind_score(self) -> Tensor:
        """Logarithm of :attr:`among_kind`, [Q, C]; 0 where nothing is to be told apart."""
        if self.among_kind is None:
            return torch.zeros_like(self.agreement)
        return self.among_kind.clamp_min(KIND_FLOOR).log()


@dataclass(frozen=True)
class Entries:
    """Tracks that go on and tracks that begin, E for each expression, before they are ranked.

    Attributes:
        chosen: int64 [Q, E] candidate of each.
        parents: int64 [Q, E] old slot of each, -1: a new track.
        values: [Q, E], as ``kinds`` and ``ages``: see :class:`Tracks`.
        kinds: [Q, E].
        ages: [Q, E].
        seen: int64 [Q, E].
    """

    chosen: Tensor
    parents: Tensor
    values: Tensor
    kinds: Tensor
    ages: Tensor
    seen: Tensor


def overlaps(a: Tensor, b: Tensor) -> Tensor:
    """IoU of every flat 0/1 mask of [Q, C, n] with every one of [Q, K, n]: [Q, C, K]."""
    shared = a @ b.transpose(-1, -2)
    return shared / (a.sum(-1)[..., :, None] + b.sum(-1)[..., None, :] - shared).clamp_min(1)


def advance(
    tracks: Tracks,
    candidates: TrackCandidates,
    moved: Tensor,
    expected: Tensor,
    known: Tensor,
    config: TrackConfig,
    elapsed: Elapsed,
    association: Association,
    objects: ObjectAppearance | None = None,
) -> tuple[Tracks, Tensor, Tensor]:
    """One frame on: every track continues or is lost, new ones begin, the best come first.

    Args:
        tracks: of the last frame.
        candidates: masks of this frame.
        moved: [Q, K, a, b] logits of the tracks' masks, moved with the picture.
        expected: [Q, K, h, w] in [0, 1]: where memory says that each object is.
        known: bool [Q, K]: whether memory says anything.
        config: see :class:`TrackConfig`.
        elapsed: how much time has passed.
        association: what speaks for a candidate being what a track follows.
        objects: appearance of each expression's object; None: none is known.

    Returns:
        The tracks; int64 [Q, K]: the slot each has come from, -1 if it is new; and [Q, K] the
        rank of each, -inf without a track.
    """
    assert candidates.appearance is not None
    masks = half_masks(candidates.logits)
    there = candidates.agreement >= 0
    text_score = candidates.agreement.clamp_min(AGREEMENT_FLOOR).log()
    kind_score = candidates.kind_score()
    same = association.log_odds(
        overlaps(masks, half_masks(moved)),
        candidates.appearance @ tracks.appearance.transpose(-1, -2),
        memory_overlap(candidates.logits, expected),
        known,
    )
    found = there[..., None] & (same > 0)
    named = association.language * (text_score + kind_score)[..., None]
    follower = (same + named).masked_fill(~found, NO_TRACK).argmax(1)  # [Q, K]
    kept = tracks.alive & found.any(1)
    newest = 1 - decay(elapsed.language, config.time_constant)
    rate = (1 / (tracks.seen + 1.0)).clamp_min(newest)
    value = torch.where(kept, tracks.value.lerp(text_score.gather(1, follower), rate), NO_TRACK)
    kind = tracks.kind.lerp(kind_score.gather(1, follower), rate)
    born = _births(
        masks, text_score + kind_score, there, candidates.by_language, follower, kept
    )
    chosen = torch.cat([follower, born], 1)
    fresh = text_score.gather(1, born.clamp_min(0)).masked_fill(born < 0, NO_TRACK)
    values = torch.cat([value, fresh], 1)
    kinds = torch.cat([kind, kind_score.gather(1, born.clamp_min(0))], 1)
    fresh_age = torch.zeros_like(fresh)
    ages = torch.cat([tracks.age + elapsed.frame, fresh_age], 1)
    seen = torch.cat([tracks.seen + 1, torch.ones_like(born)], 1)
    slots = torch.arange(follower.shape[1], device=born.device).expand_as(follower)
    parents = torch.cat([slots, torch.full_like(born, -1)], 1)
    rank = values + kinds - config.birth_cost * (-ages / config.settling).exp()
    rank[:, 0] += config.switch_cost
    if objects is not None:
        features = candidates.appearance.shape[-1]
        places = chosen.clamp_min(0)[..., None].expand(-1, -1, features)
        rank += objects.score(candidates.appearance.gather(1, places))
    order = _rank_distinct(
        rank, masks, chosen.clamp_min(0), min(config.count, rank.shape[1]), config.count
    )
    sorted_rank = rank.gather(1, order.clamp_min(0)).masked_fill(order < 0, NO_TRACK)
    entries = Entries(chosen, parents, values, kinds, ages, seen)
    learnt = 1 - decay(elapsed.language, APPEARANCE_SECONDS)
    new, parent = _reordered(tracks, candidates, order, entries, learnt)
    return new, parent, sorted_rank


def _reordered(
    tracks: Tracks,
    candidates: TrackCandidates,
    order: Tensor,
    entries: Entries,
    learnt: float,
) -> tuple[Tracks, Tensor]:
    """Tracks in their new order, and the slots they have come from.

    Args:
        tracks: of the last frame.
        candidates: masks of this frame.
        order: int64 [Q, K] numbers of entries, -1: none.
        entries: tracks that go on, and new ones.
        learnt: part of the newest appearance in a track's appearance.
    """
    assert candidates.appearance is not None
    picked, empty = order.clamp_min(0), order < 0
    candidate = entries.chosen.gather(1, picked).clamp_min(0)
    queries = torch.arange(len(candidate), device=candidate.device)[:, None]
    parent = entries.parents.gather(1, picked).masked_fill(empty, -1)
    newest = candidates.appearance[queries, candidate]
    before = tracks.appearance[queries, parent.clamp_min(0)]
    followed = F.normalize(before.lerp(newest, learnt), dim=-1)
    new = Tracks(
        candidates.logits[queries, candidate],
        entries.values.gather(1, picked).masked_fill(empty, NO_TRACK),
        entries.kinds.gather(1, picked).masked_fill(empty, 0),
        entries.ages.gather(1, picked).masked_fill(empty, 0),
        entries.seen.gather(1, picked).masked_fill(empty, 0),
        torch.where((parent >= 0)[..., None], followed, newest),
    )
    return new, parent


def propagate(
    tracks: Tracks,
    candidates: TrackCandidates,
    moved: Tensor,
    quality: Tensor,
    config: TrackConfig,
    seconds: float,
) -> tuple[Tracks, Tensor, Tensor]:
    """One frame on without language: the best tracks take new masks, rivals move with the flow.

    Args:
        tracks: of the last frame.
        candidates: three masks for the best track of each expression and nothing else,
            [Q, 3, a, b]. An expression without candidates moves with the flow.
        moved: as in :func:`advance`.
        quality: [Q, 3] how well each mask holds together, in [0, 1].
        config: see :class:`TrackConfig`.
        seconds: since the last frame.

    Returns:
        The tracks in their slots; bool [Q]: which best tracks are lost, that is, have no
        candidate near their moved mask (the caller has to ask language then); and [Q] the IoU
        of each best track's mask with its moved one, 1 for those without candidates.
    """
    overlap = overlaps(half_masks(candidates.logits), half_masks(moved[:, :1]))[..., 0]
    asked = candidates.agreement.ge(0).any(1)
    best = (overlap * quality).argmax(1)
    queries = torch.arange(len(best), device=best.device)
    lost = tracks.alive[:, 0] & asked & (overlap[queries, best] <= config.lost_overlap)
    logits = moved.clone()
    logits[:, 0] = torch.where(
        asked[:, None, None], candidates.logits[queries, best], moved[:, 0]
    )
    sure = torch.where(asked & tracks.alive[:, 0], overlap[queries, best], 1.0)
    return replace(tracks, logits=logits, age=tracks.age + seconds), lost, sure


def memory_overlap(logits: Tensor, expected: Tensor) -> Tensor:
    """Soft IoU of candidates with what memory expects of each track, [Q, C, K]."""
    grid = (int(expected.shape[-2]), int(expected.shape[-1]))
    cells = F.adaptive_avg_pool2d((logits > 0).float(), grid)
    return torch.stack([soft_iou(cells, expected[:, k]) for k in range(expected.shape[1])], 2)


def _births(
    masks: Tensor,
    text_score: Tensor,
    there: Tensor,
    by_language: int,
    follower: Tensor,
    kept: Tensor,
) -> Tensor:
    """Candidates of language that no track follows: int64 [Q, BIRTHS], -1 where there is none.

    The best one, and the best of those whose IoU with it is below :data:`SAME_TRACK_IOU`.
    """
    rows = torch.arange(len(masks), device=masks.device)
    followed = masks.gather(1, follower[..., None].expand(-1, -1, masks.shape[-1]))
    followed = followed * kept[..., None]
    own = masks[:, :by_language]
    free = there[:, :by_language] & (overlaps(own, followed).amax(2) < SAME_TRACK_IOU)
    score = text_score[:, :by_language].masked_fill(~free, NO_TRACK)
    born = []
    for _ in range(BIRTHS):
        best = score.argmax(1)
        found = score[rows, best] > NO_TRACK
        born.append(torch.where(found, best, -1))
        same = overlaps(own, own[rows, best][:, None])[..., 0] >= SAME_TRACK_IOU
        score = score.masked_fill(same | (~found)[:, None], NO_TRACK)
        score[rows, best] = NO_TRACK
    return torch.stack(born, 1)


def _rank_distinct(
    rank: Tensor, masks: Tensor, chosen: Tensor, count: int, size: int
) -> Tensor:
    """The best ``count`` entries whose masks differ: int64 [Q, size], -1: none."""
    rows = torch.arange(len(rank), device=rank.device)
    own = masks.gather(1, chosen[..., None].expand(-1, -1, masks.shape[-1]))
    same = overlaps(own, own) >= SAME_TRACK_IOU
    left = rank.clone()
    order = []
    for _ in range(count):
        best = left.argmax(1)
        found = left[rows, best] > NO_TRACK
        order.append(torch.where(found, best, -1))
        left = left.masked_fill(same[rows, best], NO_TRACK)
        left[rows, best] = NO_TRACK
    while len(order) < size:
        order.append(torch.full_like(order[0], -1))
    return torch.stack(order, 1)


def with_first(values: Tensor, slot: Tensor) -> Tensor:
    """[Q, K, ...] with the entry at int64 [Q] ``slot`` first and the others in their order."""
    count = values.shape[1]
    order = torch.arange(count, device=values.device).expand(len(values), -1)
    key = torch.where(order == slot[:, None], -1, order)
    return values[torch.arange(len(values), device=values.device)[:, None], key.argsort(1)]


def without(tracks: Tracks, gone: Tensor) -> Tracks:
    """The tracks with those of some expressions dropped; ``gone``: bool [Q]."""
    return replace(tracks, value=tracks.value.masked_fill(gone[:, None], NO_TRACK))
