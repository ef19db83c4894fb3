"""Choices of the tracker: a track, the candidates of a frame, and which of them is right."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.segment.mask_selection.overlaps import half_masks
from car_video.video.tracking import tracker as tracker_module
from car_video.video.tracking.tracks import (
    AGREEMENT_FLOOR,
    TrackCandidates,
    Tracks,
    memory_overlap,
    overlaps,
)

P = ParamSpec("P")
R = TypeVar("R")

SHOWS = 0.5
"""IoU with a true object from which a mask shows it."""
COLUMNS = ("choice", "said", "overlap", "cosine", "support", "iou")
"""Of a candidate: number of the choice, what the score is made of (support is not a number
where memory knows nothing), and the IoU with the object that the track has shown before."""


@dataclass
class Recorder:
    """Takes part in the tracker's steps.

    Attributes:
        truth: float32 [objects, h, w] in [0, 1], of the frame that is given next.
        before: of the last frame.
        rows: float32 [candidates, columns] of each choice.
    """

    truth: Tensor = field(default_factory=lambda: torch.zeros(0, 1, 1))
    before: Tensor = field(default_factory=lambda: torch.zeros(0, 1, 1))
    rows: list[NDArray[np.float32]] = field(default_factory=list)

    def see(self, masks: NDArray[np.bool_]) -> None:
        """The true masks [objects, H, W] of the frame that comes next."""
        self.before, self.truth = self.truth, torch.from_numpy(masks).float()

    def table(self) -> NDArray[np.float32]:
        """float32 [n, columns]."""
        return np.concatenate([np.zeros((0, len(COLUMNS)), np.float32), *self.rows])

    def record(
        self,
        tracks: Tracks,
        candidates: TrackCandidates,
        moved: Tensor,
        expected: Tensor,
        known: Tensor,
    ) -> None:
        """The choices of all tracks; see ``advance``."""
        assert candidates.appearance is not None
        if not len(self.before):
            return
        said = candidates.agreement.clamp_min(AGREEMENT_FLOOR).log() + candidates.kind_score()
        cosine = candidates.appearance @ tracks.appearance.transpose(-1, -2)
        support = memory_overlap(candidates.logits, expected)
        support = torch.where(known[:, None], support, torch.nan)
        overlap = overlaps(half_masks(candidates.logits), half_masks(moved))
        now, then = shown(candidates.logits, self.truth), shown(tracks.logits, self.before)
        most, thing = then.max(2)
        for query, slot in (tracks.alive & (most >= SHOWS)).nonzero().tolist():
            own = candidates.agreement[query] >= 0
            common = (overlap, cosine, support)
            columns = [
                torch.full_like(said[query], len(self.rows)),
                said[query],
                *(values[query, :, slot] for values in common),
                now[query, :, thing[query, slot]],
            ]
            if bool(own.any()):
                rows = torch.stack(columns, 1)[own]
                rows[:, 1] -= rows[:, 1].max()
                self.rows.append(rows.cpu().numpy())


def shown(logits: Tensor, truth: Tensor) -> Tensor:
    """IoU of masks [Q, C, a, b] with true objects [objects, h, w]: [Q, C, objects]."""
    grid = (int(logits.shape[-2]), int(logits.shape[-1]))
    true = (F.adaptive_avg_pool2d(truth, grid) >= 1 / 2).float().flatten(1)
    masks = (logits > 0).float().flatten(2)
    return overlaps(masks, true.expand(len(masks), -1, -1))


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Trackers show the recorder their choices in here."""
    with patch.object(tracker_module, "advance", _shown_to(recorder, tracker_module.advance)):
        yield


def _shown_to(recorder: Recorder, advance: Callable[P, R]) -> Callable[P, R]:
    """The tracker's step, which the recorder sees first."""
    parameters = inspect.signature(advance)
    seen = tuple(inspect.signature(recorder.record).parameters)

    def step(*args: P.args, **kwargs: P.kwargs) -> R:
        given = parameters.bind(*args, **kwargs).arguments
        recorder.record(*(given[name] for name in seen))
        return advance(*args, **kwargs)

    return step
