"""Rival tracks the slow way: one expression, one track, one candidate at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from car_video.config.video import TrackConfig

AGREEMENT_FLOOR, SUPPORT_FLOOR, SAME, BIRTHS = 0.02, 0.05, 0.7, 2


@dataclass(frozen=True)
class Track:
    """One track: its mask as logits [a, b], its score, its age and its look [D]."""

    logits: np.ndarray
    value: float
    age: int
    look: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """One mask on offer: logits [a, b], agreement (below 0: not there), who prompted it, its
    look [D], and how much its look speaks for being the expression's object (0 or less)."""

    logits: np.ndarray
    agreement: float
    by_language: bool
    look: np.ndarray
    pull: float = 0.0


def half(logits: np.ndarray) -> set[tuple[int, int]]:
    """Cells of 2 x 2 logits whose mean is above zero."""
    rows, columns = logits.shape
    return {
        (y, x)
        for y in range(-(-rows // 2))
        for x in range(-(-columns // 2))
        if logits[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean() > 0
    }


def iou(a: set[tuple[int, int]], b: set[tuple[int, int]]) -> float:
    """Shared part; 0 for two that are empty."""
    return len(a & b) / max(1, len(a | b))


def support(logits: np.ndarray, expected: np.ndarray) -> float:
    """Soft IoU of a mask with what memory expects [h, w]."""
    rows, columns = expected.shape
    low = high = 0.0
    for y in range(rows):
        top, bottom = y * logits.shape[0] // rows, -(-(y + 1) * logits.shape[0] // rows)
        for x in range(columns):
            left = x * logits.shape[1] // columns
            right = -(-(x + 1) * logits.shape[1] // columns)
            inside = float((logits[top:bottom, left:right] > 0).mean())
            low += min(inside, float(expected[y, x]))
            high += max(inside, float(expected[y, x]))
    return low / max(high, 1e-6)


def advance(
    tracks: Sequence[Track | None],
    candidates: Sequence[Candidate],
    moved: Sequence[np.ndarray],
    expected: Sequence[np.ndarray | None],
    config: TrackConfig,
) -> list[tuple[Track, int] | None]:
    """The tracks of one expression a frame later, best first, each with its old slot or -1.

    Args:
        tracks: by slot, None where there is none.
        candidates: what the frame offers.
        moved: by slot, the track's logits moved with the picture.
        expected: by slot, [h, w] of memory, None where it knows nothing.
        config: weights and costs.
    """
    masks = [half(c.logits) for c in candidates]
    heard = [log(max(c.agreement, AGREEMENT_FLOOR)) for c in candidates]
    offered = [n for n, c in enumerate(candidates) if c.agreement >= 0]
    entries: list[tuple[float, Track, int, int]] = []  # rank, track, candidate, parent
    followed = []
    for slot, track in enumerate(tracks):
        if track is None or not offered:
            continue
        before = half(moved[slot])
        fits = {}
        for n in offered:
            fits[n] = heard[n] + config.overlap_weight * iou(masks[n], before)
            memory = expected[slot]
            if memory is not None:
                share = support(candidates[n].logits, memory)
                fits[n] += config.memory_weight * log(max(share, SUPPORT_FLOOR))
            fits[n] += config.look_weight * float(candidates[n].look @ track.look)
        best = max(offered, key=lambda n: fits[n])
        if iou(masks[best], before) <= config.lost_overlap:
            continue
        if float(candidates[best].look @ track.look) <= config.lost_likeness:
            continue
        rate = max(1 / (track.age + 2), 1 - config.decay)
        value = track.value + rate * (heard[best] - track.value)
        followed.append(best)
        look = 0.9 * track.look + 0.1 * candidates[best].look
        look = look / np.sqrt((look * look).sum())
        new = Track(candidates[best].logits, value, track.age + 1, look)
        rank = value + candidates[best].pull - config.birth_cost * config.decay**new.age
        entries.append((rank + (config.switch_cost if slot == 0 else 0), new, best, slot))
    free = [
        n
        for n in offered
        if candidates[n].by_language and all(iou(masks[n], masks[f]) < SAME for f in followed)
    ]
    for _ in range(BIRTHS):
        if free:
            best = max(free, key=lambda n: heard[n])
            new = Track(candidates[best].logits, heard[best], 0, candidates[best].look)
            rank = heard[best] + candidates[best].pull - config.birth_cost
            entries.append((rank, new, best, -1))
            free = [n for n in free if n != best and iou(masks[n], masks[best]) < SAME]
    chosen: list[tuple[Track, int] | None] = []
    while entries and len(chosen) < config.count:
        _, track, best, parent = top = max(entries, key=lambda e: e[0])
        chosen.append((track, parent))
        entries = [e for e in entries if e is not top and iou(masks[e[2]], masks[best]) < SAME]
    return chosen + [None] * (config.count - len(chosen))


def glide(
    tracks: Sequence[Track | None],
    offers: Sequence[tuple[Candidate, float]],
    moved: Sequence[np.ndarray],
    config: TrackConfig,
) -> tuple[list[Track | None], bool]:
    """A frame without language: the first track takes the mask that fits best, others drift;
    and whether it is lost, for even that mask is elsewhere.

    Args:
        tracks: of one expression, by slot.
        offers: masks for the first of them with their quality; if one is there, all are.
        moved: by slot.
        config: when a track is lost.
    """
    result = [
        None if track is None else Track(before, track.value, track.age + 1, track.look)
        for track, before in zip(tracks, moved, strict=True)
    ]
    leader, lost = result[0], False
    if leader is not None and any(c.agreement >= 0 for c, _ in offers):
        shares = [iou(half(c.logits), half(moved[0])) for c, _ in offers]
        best = max(range(len(offers)), key=lambda n: shares[n] * offers[n][1])
        lost = shares[best] <= config.lost_overlap
        logits = offers[best][0].logits
        result[0] = Track(logits, leader.value, leader.age, leader.look)
    return result, lost
