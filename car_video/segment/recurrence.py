"""Which queries stay for the next step of the recurrence (CaR, algorithm 1), and its result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.segment.cues.mask_cues import MaskCues
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.segment.evidence import RegionEvidence


@dataclass(frozen=True)
class RecurrenceStep:
    """One step of the recurrence.

    Attributes:
        alive: int64 [N], numbers of the queries that the step began with, on the CPU.
        scores: float32 [N] in [0, 1]: theirs against each other.
    """

    alive: Tensor
    scores: Tensor


@dataclass(frozen=True)
class Survivors:
    """The N queries that the recurrence has kept, and what it knows of them.

    Attributes:
        alive: int64 [N], their numbers among all queries, on the CPU.
        maps: float32 [N, h, w] in [0, 1]: their proposals.
        evidence: float32 [N, h, w] in [0, 1]: the proposals before the affinity spread them.
        scores: float32 [N] in [0, 1].
        history: the steps that the recurrence took, the first queries of the reference apart.
        steps: how many steps that were, with those.
        proposals: float32 [N, h, w]: the maps that the classifier scored, before words of place
            weighed them.
        cues: what speaks for their masks in this picture; None without SAM.
        places: their words of place, with the anchors found in the picture; None without any.
        plural: bool [N]: queries that name several things; None without any.
        region: what speaks for the regions under the maps; None where maps do not come from
            cells.
    """

    alive: Tensor
    maps: Tensor
    evidence: Tensor
    scores: Tensor
    steps: int
    history: tuple[RecurrenceStep, ...] = ()
    proposals: Tensor | None = None
    cues: MaskCues | None = None
    places: PlaceTensors | None = None
    plural: Tensor | None = None
    region: RegionEvidence | None = None

    def scores_of_all(self, queries: int) -> NDArray[np.float32]:
        """Score of every query, float32 [Q]; 0 of the dropped ones."""
        scores = np.zeros(queries, np.float32)
        scores[self.alive.numpy()] = self.scores.float().cpu().numpy()
        return scores

    def evidence_of_all(self, queries: int) -> dict[str, NDArray[np.float32]] | None:
        """The parts of :attr:`region` for every query, float32 [Q] each; not a number for
        dropped ones. None where there is no such evidence."""
        if self.region is None:
            return None
        names = ("words", "noun", "together")
        values = torch.stack([getattr(self.region, name).float() for name in names])
        whole = np.full((len(names), queries), np.nan, np.float32)
        whole[:, self.alive.numpy()] = values.cpu().numpy()
        return dict(zip(names, whole, strict=True))


def passing(scores: Tensor, threshold: float) -> Tensor:
    """Queries that the classifier does not reject.

    Args:
        scores: float [N], N >= 1.
        threshold: theta; a score at the threshold passes.

    Returns:
        bool [N]. Where no query passes, the first of the best ones stays: there is always one
        survivor.
    """
    keep = scores >= threshold
    best = torch.arange(len(keep), device=keep.device) == scores.argmax()
    return torch.where(keep.any(), keep, best)
