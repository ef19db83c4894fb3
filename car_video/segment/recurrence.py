"""Which queries stay for the next step of the recurrence (CaR, algorithm 1)."""

from __future__ import annotations

import torch
from torch import Tensor

from car_video.config import RecurrenceConfig


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
