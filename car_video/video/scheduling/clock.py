"""``FrameClock``: how many seconds have passed from frame to frame, whatever a source says."""

from __future__ import annotations

import math

NOMINAL_FPS = 24.0
"""Frames per second where a source gives no usable times; that of the development clips."""
NOMINAL_STEP = 1 / NOMINAL_FPS


def duration(before: float | None, after: float | None) -> float:
    """Seconds from a time to a later one; 1/24 s where that is no duration (see
    :class:`FrameClock`)."""
    known = [time for time in (before, after) if time is not None and math.isfinite(time)]
    if len(known) < 2 or known[1] <= known[0]:
        return NOMINAL_STEP
    return float(known[1]) - float(known[0])


class FrameClock:
    """Durations between frames from their times.

    A duration is the difference of two times. Where that is no duration, it is 1/24 s: before
    the first frame, where a time is missing or not finite, and where a clock stands still or
    jumps back (a camera that is plugged in again). A jump ahead is a long duration.

    Attributes:
        last: time of the last frame in seconds; None before the first frame with a time.
    """

    def __init__(self) -> None:
        self.last: float | None = None

    def step(self, time: float | None) -> float:
        """Seconds from the last frame to the one with this time; always above 0."""
        known = time is not None and math.isfinite(time)
        before = self.last
        if not known:
            self.last = None if before is None else before + NOMINAL_STEP
            return NOMINAL_STEP
        assert time is not None
        self.last = float(time)
        return duration(before, time)
