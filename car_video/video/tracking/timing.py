"""Seconds between frames, so that the rate of a source changes nothing but the work."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Elapsed:
    """Time up to the present frame, in seconds.

    Attributes:
        frame: since the last frame.
        language: since the last frame that language has seen; the frame is one as well.
    """

    frame: float
    language: float


def decay(seconds: float, time_constant: float) -> float:
    """What is left of a weight after some seconds; nothing where the time constant is 0."""
    return math.exp(-seconds / time_constant) if time_constant else 0.0
