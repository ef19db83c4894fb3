"""Percentiles over the newest answers."""

from __future__ import annotations

from collections import deque

import numpy as np

KEPT = 1000
"""Answers that count; older ones are forgotten, so that the figures follow the present load."""


class Latencies:
    """Seconds from the arrival of pictures to their answers.

    Attributes:
        count: answers so far, also those that are forgotten.
    """

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=KEPT)
        self.count = 0

    def add(self, seconds: float) -> None:
        """Count an answer."""
        self._seconds.append(seconds)
        self.count += 1

    def percentile(self, percent: float) -> float | None:
        """Seconds that so many percent of the kept answers did not exceed; None without any."""
        if not self._seconds:
            return None
        return float(np.percentile(np.array(self._seconds), percent))
