"""Which queries stay for the next step of the recurrence (CaR, algorithm 1), and its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import RecurrenceConfig
from car_video.segment.cues.colour import ColourCue
from car_video.segment.cues.place_tensors import PlaceTensors


@dataclass(frozen=True)
class Survivors:
    """Where the recurrence stopped.

    Attributes:
        alive: int64 [N] numbers of the queries that are left.
        maps: [N, h, w] their proposals.
        evidence: [N, h, w] the proposals before they were spread.
        scores: [N] their confidence.
        steps: how many steps it took.
        colours: that the survivors ask for, in this picture; None where they ask for none.
        places: words of place of the survivors, anchors found; None where there are none.
        plural: bool [N]: who names plural things; None where nobody does.
    """

    alive: Tensor
    maps: Tensor
    evidence: Tensor
    scores: Tensor
    steps: int
    colours: ColourCue | None = None
    places: PlaceTensors | None = None
    plural: Tensor | None = None

    def scores_of_all(self, queries: int) -> NDArray[np.float32]:
        """Confidence of every query, float32 [Q]; 0 of those that were dropped."""
        scores = np.zeros(queries, np.float32)
        scores[self.alive.numpy()] = self.scores.float().cpu().numpy()
        return scores


def passing(scores: Tensor, config: RecurrenceConfig) -> Tensor:
    """Queries that the classifier does not reject.

    Args:
        scores: float [N], N >= 1.
        config: threshold, and whether a score at the threshold passes.

    Returns:
        bool [N]. Where none passes the best stays, the first of equals, so that there is
        always one.
    """
    threshold = config.confidence_threshold
    keep = scores > threshold if config.strict else scores >= threshold
    if not bool(keep.any()):
        keep = torch.zeros_like(keep)
        keep[scores.argmax()] = True
    return keep
