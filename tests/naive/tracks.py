"""Rival tracks the slow way: one expression, one track, one candidate at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from car_video.config.video import TrackConfig
from car_video.video.tracking.association import Association

APPEARANCE_SECONDS = 3.2
AGREEMENT_FLOOR, SUPPORT_FLOOR, KIND_FLOOR, SAME_TRACK_IOU, BIRTHS = 0.02, 0.05, 0.05, 0.7, 2


@dataclass(frozen=True)
class Track:
    """One track: its mask as logits [a, b], its text score, its age in seconds, how often
    language has seen it, its appearance [D] and its score among things of one kind."""

    logits: np.ndarray
    value: float
    age: float
    seen: int
    appearance: np.ndarray
    kind: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """One candidate mask: logits [a, b], agreement (below 0: not there), whether language
    prompted it, its appearance [D], the score of its appearance (0 or less), and the
    probability that it is the one of its kind that is meant."""

    logits: np.ndarray
    agreement: float
    by_language: bool
    appearance: np.ndarray
    appearance_score: float = 0.0
    among_kind: float = 1.0


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
    since_frame: float,
    since_language: float,
    numbers: Association,
) -> list[tuple[Track, int, float] | None]:
    """The tracks of one expression a frame later, best first, each with its old slot or -1
    and its rank.

    Args:
        tracks: by slot, None where there is none.
        candidates: what the frame offers.
        moved: by slot, the track's logits moved with the picture.
        expected: by slot, [h, w] of memory, None where it knows nothing.
        config: weights and costs.
        since_frame: seconds since the last frame.
        since_language: seconds since the last frame that language has seen.
        numbers: of association.
    """
    masks = [half(c.logits) for c in candidates]
    text_score = [log(max(c.agreement, AGREEMENT_FLOOR)) for c in candidates]
    kind_score = [log(max(c.among_kind, KIND_FLOOR)) for c in candidates]
    offered = [n for n, c in enumerate(candidates) if c.agreement >= 0]
    entries: list[tuple[float, Track, int, int]] = []  # rank, track, candidate, parent
    followed = []
    for slot, track in enumerate(tracks):
        if track is None or not offered:
            continue
        before = half(moved[slot])
        odds = {}
        for n in offered:
            same = numbers.offset + numbers.overlap * iou(masks[n], before)
            same += numbers.appearance * float(candidates[n].appearance @ track.appearance)
            memory = expected[slot]
            if memory is not None:
                share = support(candidates[n].logits, memory)
                same += numbers.memory * log(max(share, SUPPORT_FLOOR)) + numbers.expected
            if same > 0:
                odds[n] = same + numbers.language * (text_score[n] + kind_score[n])
        if not odds:
            continue
        best = max(odds, key=lambda n: odds[n])
        rate = max(1 / (track.seen + 1), 1 - exp(-since_language / config.time_constant))
        value = track.value + rate * (text_score[best] - track.value)
        kind = track.kind + rate * (kind_score[best] - track.kind)
        followed.append(best)
        past = exp(-since_language / APPEARANCE_SECONDS)
        appearance = past * track.appearance + (1 - past) * candidates[best].appearance
        appearance = appearance / np.sqrt((appearance * appearance).sum())
        age = track.age + since_frame
        new = Track(candidates[best].logits, value, age, track.seen + 1, appearance, kind)
        rank = (
            value
            + kind
            + candidates[best].appearance_score
            - config.birth_cost * exp(-new.age / config.settling)
        )
        entries.append((rank + (config.switch_cost if slot == 0 else 0), new, best, slot))
    free = [
        n
        for n in offered
        if candidates[n].by_language
        and all(iou(masks[n], masks[f]) < SAME_TRACK_IOU for f in followed)
    ]
    for _ in range(BIRTHS):
        if free:
            best = max(free, key=lambda n: text_score[n] + kind_score[n])
            new = Track(
                candidates[best].logits,
                text_score[best],
                0.0,
                1,
                candidates[best].appearance,
                kind_score[best],
            )
            rank = new.value + new.kind + candidates[best].appearance_score
            entries.append((rank - config.birth_cost, new, best, -1))
            free = [
                n for n in free if n != best and iou(masks[n], masks[best]) < SAME_TRACK_IOU
            ]
    chosen: list[tuple[Track, int, float] | None] = []
    while entries and len(chosen) < config.count:
        rank, track, best, parent = top = max(entries, key=lambda e: e[0])
        chosen.append((track, parent, rank))
        entries = [
            e
            for e in entries
            if e is not top and iou(masks[e[2]], masks[best]) < SAME_TRACK_IOU
        ]
    return chosen + [None] * (config.count - len(chosen))


def propagate(
    tracks: Sequence[Track | None],
    offers: Sequence[tuple[Candidate, float]],
    moved: Sequence[np.ndarray],
    config: TrackConfig,
    seconds: float,
) -> tuple[list[Track | None], bool]:
    """A frame without language: the first track takes the candidate with the most overlap;
    and whether it is lost, because even that one is elsewhere. Others move with the flow.

    Args:
        tracks: of one expression, by slot.
        offers: masks for the first of them with their quality; if one is there, all are.
        moved: by slot.
        config: when a track is lost.
        seconds: since the last frame.
    """
    result = [
        None if track is None else replace(track, logits=before, age=track.age + seconds)
        for track, before in zip(tracks, moved, strict=True)
    ]
    leader, lost = result[0], False
    if leader is not None and any(c.agreement >= 0 for c, _ in offers):
        shares = [iou(half(c.logits), half(moved[0])) for c, _ in offers]
        best = max(range(len(offers)), key=lambda n: shares[n] * offers[n][1])
        lost = shares[best] <= config.lost_overlap
        logits = offers[best][0].logits
        result[0] = replace(leader, logits=logits)
    return result, lost
