"""Presence over time: a smoothed score per expression, and two thresholds (hysteresis)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from car_video.video.config import PresenceConfig


class PresenceFilter:
    """Whether each expression's target is here, frame by frame.

    Args:
        queries: how many expressions.
        threshold: a score at which a target that was away counts as here.
        config: see :class:`PresenceConfig`.
    """

    def __init__(self, queries: int, threshold: float, config: PresenceConfig) -> None:
        self.threshold, self.config = threshold, config
        self.scores: NDArray[np.float32] | None = None
        self.present = np.zeros(queries, bool)

    def reset(self) -> None:
        """Start anew, as after a cut."""
        self.scores = None
        self.present = np.zeros_like(self.present)

    def step(
        self, scores: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Smoothed scores float32 [Q] and presence bool [Q] of the next frame.

        Args:
            scores: [Q] in [0, 1].
        """
        if self.scores is None:
            self.scores = scores.astype(np.float32)
        else:
            part = self.config.smoothing
            self.scores = (part * self.scores + (1 - part) * scores).astype(np.float32)
        needed = np.where(self.present, self.config.stay, 1.0) * self.threshold
        self.present = self.scores >= needed
        return self.scores, self.present
