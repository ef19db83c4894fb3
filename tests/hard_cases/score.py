"""Scores of predictions on hard cases, per expression and per kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.hard_cases.generate import HardCase, Moment
from tests.hard_cases.measures import (
    HERE,
    RECOVERED_AT,
    Bools,
    Owner,
    crossing,
    jaccard,
    presence_accuracy,
    presence_labels,
    recovery_delays,
    touching,
)


@dataclass(frozen=True)
class QueryScore:
    """How one expression of one case went.

    Attributes:
        presence: accuracy over the clear frames (NaN without any).
        j: mean over the frames where the target is here (NaN without any); a target said to be
            absent counts as an empty mask.
        crossing: whose mask it was before and after, None if nothing crosses.
        delays: frames until found, one per return.
    """

    kind: str
    case: str
    expression: str
    presence: float
    j: float
    crossing: tuple[Owner, Owner] | None
    delays: tuple[int, ...]

    @property
    def identity_kept(self) -> bool | None:
        """On the named object before and after; None if nothing crosses."""
        return None if self.crossing is None else self.crossing == ("named", "named")

    @property
    def stayed(self) -> bool | None:
        """On one object, right or wrong; None if nothing crosses or it was on none before."""
        if self.crossing is None or self.crossing[0] == "neither":
            return None
        return self.crossing[0] == self.crossing[1]


class Tally:
    """Collects the predictions on one case, frame by frame; keeps numbers, no masks.

    Args:
        case: the case; frames may be left out, but come in order.
    """

    def __init__(self, case: HardCase) -> None:
        self._case = case
        self._rows: list[list[tuple[float, ...]]] = []

    def add(self, truth: Moment, masks: Bools, present: Bools) -> None:
        """One more frame.

        Args:
            truth: from ``case.at``.
            masks: bool [Q, H, W]; ignored where not present.
            present: bool [Q].
        """
        if masks.shape != truth.masks.shape:
            raise ValueError(f"masks: want {truth.masks.shape}, got {masks.shape}")
        rows: list[tuple[float, ...]] = []
        for query, (mine, other) in enumerate(zip(truth.masks, truth.others, strict=True)):
            mask = masks[query] & present[query]
            rows.append(
                (
                    float(truth.visibility[query]),
                    float(mine.mean()),
                    float(present[query]),
                    jaccard(mask, mine),
                    _covered(mine, mask),
                    _covered(other, mask),
                    float(touching(mine, other)),
                )
            )
        self._rows.append(rows)

    def scores(self) -> list[QueryScore]:
        """One score per expression."""
        table = np.array(self._rows, np.float64)  # [T, Q, 7]
        return [
            self._score(text, *table[:, query].T)
            for query, text in enumerate(self._case.expressions)
        ]

    def _score(self, text: str, *columns: NDArray[np.float64]) -> QueryScore:
        visibility, area, present, j, named, other, contact = columns
        labels = presence_labels(visibility, area)
        here, said = labels == HERE, present > 0
        passes = self._case.kind == "crossing"
        return QueryScore(
            self._case.kind,
            self._case.name,
            text,
            presence_accuracy(said, labels),
            float(j[here].mean()) if here.any() else np.nan,
            crossing(contact > 0, named, other) if passes else None,
            tuple(recovery_delays(labels, said & (j >= RECOVERED_AT))),
        )


def _covered(truth: Bools, mask: Bools) -> float:
    area = np.count_nonzero(truth)
    return np.count_nonzero(truth & mask) / area if area else 0.0


@dataclass(frozen=True)
class KindScore:
    """Means over the expressions of one kind; NaN where nothing of the sort happens."""

    kind: str
    expressions: int
    presence: float
    j: float
    identity_kept: float
    stayed: float
    delay: float


def by_kind(scores: Iterable[QueryScore]) -> list[KindScore]:
    """One row per kind in order of appearance, the last row over all of them."""
    scores = list(scores)
    rows = [
        _mean(k, [s for s in scores if s.kind == k])
        for k in dict.fromkeys(s.kind for s in scores)
    ]
    return [*rows, _mean("all", scores)]


def _mean(kind: str, scores: Sequence[QueryScore]) -> KindScore:
    def over(values: Iterable[float | bool | None]) -> float:
        known = [float(v) for v in values if v is not None and not np.isnan(v)]
        return float(np.mean(known)) if known else np.nan

    return KindScore(
        kind,
        len(scores),
        over(s.presence for s in scores),
        over(s.j for s in scores),
        over(s.identity_kept for s in scores),
        over(s.stayed for s in scores),
        over(d for s in scores for d in s.delays),
    )
