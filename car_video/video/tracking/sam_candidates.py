"""Candidate masks of a frame: SAM prompted by language, by tracks, by memory, in a window.

Shapes: Q queries, K tracks of each, C candidates, masks on a grid (a, b), regions on (c, d).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.models.sam.base import MaskModel, crop_logits
from car_video.segment.boxes import boxes_of, filled_boxes
from car_video.segment.cues.place_ranking import inherited_place_factor
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.segment.mask_selection.sam_prompts import (
    Candidates,
    map_agreement,
    propose_candidates,
)
from car_video.video.tracking.frames import IntermediateFrame, LanguageFrame
from car_video.video.tracking.mask_tensors import MAX_LOGIT, appearance_of
from car_video.video.tracking.search_window import around, fitted, leaks, placed, shape_for
from car_video.video.tracking.tracks import TrackCandidates

EXPECTED = 0.5  # part of memory's votes: a cell is then more likely of the object than not
LANGUAGE_CANDIDATES = 8  # of the masks that language prompts for an expression, the best go on


@dataclass(frozen=True)
class Prompted:
    """All masks that language has prompted on one frame.

    Attributes:
        queries: int64 [T] numbers of the expressions that had a turn.
        candidates: of them.
        places: words of place of them; None where none has any.
    """

    queries: Tensor
    candidates: Candidates
    places: PlaceTensors | None


def language_candidates(
    sam: MaskModel, frame: LanguageFrame, turn: Tensor, config: SamRefineConfig, queries: int
) -> tuple[TrackCandidates, Prompted]:
    """The best masks at the peaks of the proposals that have their turn, and all of them.

    Args:
        sam: the mask model.
        frame: with proposals.
        turn: int64 [T] places in ``frame.alive``.
        config: how SAM is prompted.
        queries: Q.
    """
    assert frame.maps is not None
    assert frame.evidence is not None
    assert frame.alive is not None
    alive = frame.alive[turn]
    places = None if frame.places is None else frame.places[turn]
    found = propose_candidates(
        sam,
        frame.embedding,
        frame.maps[turn],
        frame.evidence[turn],
        frame.size,
        config,
        None if frame.cues is None else frame.cues[turn],
        places,
        None if frame.plural is None else frame.plural[turn],
    )
    count = min(LANGUAGE_CANDIDATES, found.agreement.shape[1])
    agreement, best = found.agreement.topk(count, 1)
    rows = torch.arange(len(best), device=best.device)[:, None]
    shape = found.logits.shape[-2:]
    logits = found.logits.new_full((queries, count, *shape), -MAX_LOGIT)
    scores = found.agreement.new_full((queries, count), -1.0)
    logits[alive] = found.logits[rows, best].clamp(-MAX_LOGIT, MAX_LOGIT)
    scores[alive] = agreement
    return TrackCandidates(logits, scores, count), Prompted(alive, found, places)


def track_candidates(
    sam: MaskModel,
    frame: LanguageFrame,
    regions: Tensor,
    wanted: Tensor,
    grid: tuple[int, int],
) -> TrackCandidates:
    """Three masks for the box of each track's region: [Q, 3 K, a, b], or [Q, 0, a, b] where
    none is wanted.

    Args:
        sam: the mask model.
        frame: a language frame.
        regions: bool [Q, K, c, d] where each track is thought to be; not empty where wanted.
        wanted: bool [Q, K] for which tracks SAM is prompted.
        grid: (a, b) of the masks.
    """
    queries, count = regions.shape[:2]
    device = regions.device
    asked = wanted.flatten().nonzero()[:, 0]
    if not len(asked):
        none = torch.zeros(queries, 0, *grid, device=device)
        return TrackCandidates(none, none[..., 0, 0], 0)
    logits = torch.full((queries * count, 3, *grid), -MAX_LOGIT, device=device)
    agreement = torch.full((queries * count, 3), -1.0, device=device)
    boxes = boxes_of(regions.flatten(0, 1)[asked], frame.size)
    answer, _ = sam.predict(frame.embedding, boxes=boxes)
    answer = crop_logits(answer, frame.embedding).clamp(-MAX_LOGIT, MAX_LOGIT)
    if answer.shape[-2:] != grid:
        answer = F.interpolate(answer, grid, mode="bilinear", align_corners=False)
    logits[asked] = answer
    agreement[asked] = _agreement(frame, answer, asked // count, queries)
    return TrackCandidates(
        logits.unflatten(0, (queries, count)).flatten(1, 2),
        agreement.unflatten(0, (queries, count)).flatten(1, 2),
        0,
    )


def remembered_candidates(
    sam: MaskModel, frame: LanguageFrame, alive: Tensor, expected: Tensor, moved: Tensor
) -> TrackCandidates:
    """Three masks for the box of where feature memory expects each best track: [Q, 3, a, b],
    or [Q, 0, a, b] where none is asked for.

    The flow moves what was seen of an object. Memory knows its other parts as well, which come
    out from behind something, and where it is after a motion too fast for the flow. Nothing is
    asked where memory expects an object within the box of its moved mask.

    Args:
        sam: the mask model.
        frame: a language frame.
        alive: bool [Q, 1] which best tracks there are that memory knows.
        expected: [Q, 1, h, w] in [0, 1] of memory.
        moved: [Q, 1, a, b] masks where the picture has moved them to.
    """
    grid = int(moved.shape[-2]), int(moved.shape[-1])
    regions = expected > EXPECTED
    cells = int(expected.shape[-2]), int(expected.shape[-1])
    touched = F.adaptive_avg_pool2d((moved > 0).float(), cells) > 0
    news = (regions & ~filled_boxes(touched)).flatten(2).any(2)
    wanted = wanted_tracks(alive & news, regions, frame.possible)
    return track_candidates(sam, frame, regions, wanted, grid)


def map_candidates(frame: LanguageFrame, masks: Tensor, wanted: Tensor) -> TrackCandidates:
    """Masks as they are, with their agreement with language.

    Args:
        frame: a language frame.
        masks: logits [Q, C, a, b].
        wanted: bool [Q, C]: the others are no candidates.
    """
    queries, count = masks.shape[:2]
    asked = wanted.flatten().nonzero()[:, 0]
    agreement = masks.new_full((queries * count,), -1.0)
    if len(asked):
        held = masks.flatten(0, 1)[asked][:, None]
        agreement[asked] = _agreement(frame, held, asked // count, queries)[:, 0]
    return TrackCandidates(masks, agreement.unflatten(0, (queries, count)), 0)


def with_places(tracked: TrackCandidates, prompted: Prompted) -> TrackCandidates:
    """Candidates of tracks, with the factor that words of place give the same things.

    Which of several things is the left one is told of the masks that language has prompted; a
    candidate of a track takes the factor of the prompted mask that it overlaps.

    Args:
        tracked: [Q, C, a, b].
        prompted: of the same frame.
    """
    factors = prompted.candidates.place_factor
    if prompted.places is None or factors is None or not tracked.logits.shape[1]:
        return tracked
    queries = prompted.queries
    factor = inherited_place_factor(
        tracked.logits[queries], prompted.candidates.logits, factors, prompted.places
    )
    agreement = tracked.agreement.clone()
    own = agreement[queries]
    agreement[queries] = torch.where(own > 0, (own * factor).clamp_max(1), own)
    return replace(tracked, agreement=agreement)


def window_candidates(
    sam: MaskModel,
    frame: IntermediateFrame,
    moved: Tensor,
    wanted: Tensor,
    config: SamRefineConfig,
) -> TrackCandidates:
    """Three masks for the box of each best track, of the window that all of them are in.

    Args:
        sam: the mask model.
        frame: a frame between keyframes.
        moved: [Q, 1, a, b] masks where the picture has moved them to.
        wanted: bool [Q, 1] for which tracks SAM is prompted.
        config: how fine SAM sees keyframes.
    """
    asked = wanted.flatten().nonzero()[:, 0]
    logits = moved.new_full((len(moved), 3, *moved.shape[-2:]), -MAX_LOGIT)
    agreement = moved.new_full((len(moved), 3), -1.0)
    if len(asked):
        inside = moved[asked, 0] > 0
        window = around(inside)
        size = (int(frame.pixels.shape[-2]), int(frame.pixels.shape[-1]))
        shape = shape_for(window.extent(size), size, frame.side, config.side)
        window = fitted(window, size, shape)
        rows, columns = window.on(size)
        embedding = sam.encode(frame.pixels[..., rows, columns], shape=shape)
        corner = moved.new_tensor([columns.start, rows.start] * 2)
        answer, _ = sam.predict(embedding, boxes=boxes_of(inside, size) - corner)
        answer = crop_logits(answer, embedding).clamp(-MAX_LOGIT, MAX_LOGIT)
        answer = answer.masked_fill(leaks(answer, window)[..., None, None], -MAX_LOGIT)
        logits[asked] = placed(answer, window, -MAX_LOGIT)
        agreement[asked] = 0.0
    return TrackCandidates(logits, agreement, 0)


def among_kind(frame: LanguageFrame, logits: Tensor) -> Tensor | None:
    """How probable it is that each mask is the one of its kind that its expression means.

    Args:
        frame: a language frame.
        logits: [Q, C, a, b] candidates of all expressions.

    Returns:
        [Q, C] in [0, 1]; None where expressions name things of different kinds.
    """
    if frame.cues is None or frame.cues.kinds is None or frame.alive is None:
        return None
    probability = torch.ones_like(logits[..., 0, 0])
    probability[frame.alive] = frame.cues.among_kind(logits[frame.alive])
    return probability


def gathered(
    frame: LanguageFrame,
    language: TrackCandidates,
    tracked: Sequence[TrackCandidates],
    prompted: Prompted,
) -> TrackCandidates:
    """All candidates of a frame with their appearances, those of language first.

    Args:
        frame: a language frame with features.
        language: those that language has prompted.
        tracked: those that continue tracks.
        prompted: of the same frame.
    """
    assert frame.features is not None
    followed = TrackCandidates(
        torch.cat([one.logits for one in tracked], 1),
        torch.cat([one.agreement for one in tracked], 1),
        0,
    )
    followed = with_places(followed, prompted)
    logits = torch.cat([language.logits, followed.logits], 1)
    return TrackCandidates(
        logits,
        torch.cat([language.agreement, followed.agreement], 1),
        language.by_language,
        appearance_of(logits, frame.features),
        among_kind(frame, logits),
    )


def wanted_tracks(alive: Tensor, regions: Tensor, possible: NDArray[np.bool_] | None) -> Tensor:
    """Which tracks to prompt for, bool [Q, K].

    Args:
        alive: bool [Q, K or more] which tracks there are.
        regions: bool [Q, K, a, b] where each is thought to be; one that is nowhere is not
            wanted.
        possible: bool [Q] which targets may be in the frame; None: all.
    """
    wanted = alive[:, : regions.shape[1]] & regions.flatten(2).any(2)
    if possible is not None:
        wanted &= torch.from_numpy(possible).to(wanted.device)[:, None]
    return wanted


def _agreement(frame: LanguageFrame, logits: Tensor, owner: Tensor, queries: int) -> Tensor:
    """How masks [P, M, a, b] agree with the proposals of their expressions int64 [P]."""
    agreement = logits.new_zeros(logits.shape[:2])
    if frame.maps is None or frame.evidence is None or frame.alive is None:
        return agreement
    row = torch.full((queries,), -1, device=logits.device)
    row[frame.alive] = torch.arange(len(frame.alive), device=logits.device)
    proposed = (row[owner] >= 0).nonzero()[:, 0]
    rows = row[owner[proposed]]
    cues = None if frame.cues is None else frame.cues[rows]
    agreement[proposed] = map_agreement(
        logits[proposed], frame.maps[rows], frame.evidence[rows], cues
    )
    return agreement
