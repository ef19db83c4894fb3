"""Which frames of a source are wanted: a time span, a stride, a number, a size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from numbers import Integral, Real
from typing import Any

from car_video.errors import ConfigError

TIME_TOLERANCE = 1e-6
"""Seconds. A start of 2.002 must not miss the frame whose time is 60 * 1001 / 30000."""


def is_number(value: Any) -> bool:
    """Whether this is a finite number, of Python or numpy; True and False are none."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int that no float can hold
        return False


def _is_whole(value: object) -> bool:
    """Whether this is a whole number in type, too: 2.0 is none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a user asks for. All parts are optional and hold together.

    Attributes:
        start: start time, seconds from the start of the source.
        end: end time in seconds, not included.
        stride: deliver every ``stride``-th frame of the source, counted from the first frame
            at or after ``start``.
        max_frames: deliver at most this many frames.
        size: bound in pixels for the longer side of a delivered picture. The aspect is kept
            and nothing is ever enlarged.

    Raises:
        ConfigError: a value out of range.
    """

    start: float | None = None
    end: float | None = None
    stride: int = 1
    max_frames: int | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and value >= 0):
                raise ConfigError(
                    f"{name} is {value!r}: give seconds from the beginning, 0 or more"
                )
        if self.end is not None and self.end <= (self.start or 0):
            raise ConfigError(
                f"end ({self.end:g} s) must lie after start ({self.start or 0:g} s)"
            )
        for name in ("stride", "max_frames", "size"):
            value = getattr(self, name)
            if value is not None and not (_is_whole(value) and value >= 1):
                raise ConfigError(f"{name} is {value!r}: give a whole number, 1 or more")

    def bounded(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a delivered picture whose own size is given."""
        longest = max(width, height)
        if self.size is None or longest <= self.size:
            return width, height
        scale = self.size / longest
        return max(1, round(width * scale)), max(1, round(height * scale))

    def expected(self, frames: int | None, fps: float) -> int | None:
        """About how many frames will be delivered, for progress bars.

        Args:
            frames: of the whole source, None where that cannot be known.
            fps: its nominal rate.

        Returns:
            None where that cannot be known.
        """
        first = math.ceil((self.start or 0.0) * fps - TIME_TOLERANCE)
        after = math.inf if frames is None else float(frames)
        if self.end is not None:
            after = min(after, math.ceil(self.end * fps - TIME_TOLERANCE))
        count = max(after - first, 0.0) / self.stride
        if self.max_frames is not None:
            count = min(count, self.max_frames)
        return None if math.isinf(count) else math.ceil(count)


class Verdict(Enum):
    """What to do with a frame."""

    TAKE = "take"
    PASS = "pass"
    STOP = "stop"


class Chooser:
    """Applies a :class:`Selection` to frames in order of presentation."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._first: int | None = None
        self._taken = 0

    def judge(self, index: int, time: float) -> Verdict:
        """Whether the frame of this index (before stride) and time (seconds) is wanted."""
        wanted = self._selection
        if wanted.end is not None and time >= wanted.end - TIME_TOLERANCE:
            return Verdict.STOP
        if wanted.start is not None and time < wanted.start - TIME_TOLERANCE:
            return Verdict.PASS
        if self._first is None:
            self._first = index
        return Verdict.PASS if (index - self._first) % wanted.stride else Verdict.TAKE

    def took(self) -> bool:
        """Count a delivered frame; True when no more are wanted."""
        self._taken += 1
        return self._taken == self._selection.max_frames


def indices_of(selection: Selection, times: Sequence[float]) -> list[int]:
    """Numbers of the wanted frames of a source.

    Args:
        selection: what is wanted.
        times: seconds of all its frames, in order.
    """
    chooser, found = Chooser(selection), []
    for index, time in enumerate(times):
        verdict = chooser.judge(index, time)
        if verdict is Verdict.STOP:
            break
        if verdict is Verdict.TAKE:
            found.append(index)
            if chooser.took():
                break
    return found
