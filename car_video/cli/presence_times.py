"""When each expression was in the picture, kept as ranges of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from car_video.types import FramePrediction


@dataclass
class Presence:
    """Ranges of processed frames in which one expression was present.

    Attributes:
        expression: the sentence.
        ranges: [first time, last time] in seconds of each unbroken run of frames.
        frames: with the expression.
        total: of all frames.
    """

    expression: str
    ranges: list[list[float]] = field(default_factory=list)
    frames: int = 0
    total: int = 0
    _open: bool = False

    def add(self, time: float, present: bool) -> None:
        """Take the next frame."""
        self.total += 1
        self.frames += present
        if present and self._open:
            self.ranges[-1][1] = time
        elif present:
            self.ranges.append([time, time])
        self._open = present

    def pause(self) -> None:
        """A frame without this expression: it counts neither way, and ends a range."""
        self._open = False

    def text(self, most: int = 5) -> str:
        """``0.0-2.4 s, 3.1 s (81 % of frames)``, ``not found``, or that there was no frame.

        Args:
            most: ranges that are spelled out; more are counted.
        """
        if not self.frames:
            return "not found" if self.total else "no frame was written"
        shown = [_span(first, last) for first, last in self.ranges[:most]]
        if len(self.ranges) > most:
            shown.append(f"{len(self.ranges) - most} more")
        return f"{', '.join(shown)} ({_percent(self.frames, self.total)} of frames)"


def follow(presences: list[Presence], prediction: FramePrediction) -> None:
    """Add one frame to all expressions, in their order; those that are new join."""
    presences += [Presence(text) for text in prediction.expressions[len(presences) :]]
    active = prediction.extras.get("active", [True] * len(presences))
    for presence, present, wanted in zip(presences, prediction.present, active, strict=True):
        if wanted:
            presence.add(prediction.time, bool(present))
        else:
            presence.pause()


def clock(seconds: float) -> str:
    """``4.2``, from a minute on ``1:04.2``, from an hour on ``1:01:04.2``."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    if not minutes:
        return f"{rest / 10:.1f}"
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{whole}:{rest / 10:04.1f}"


def _span(first: float, last: float) -> str:
    start, stop = clock(first), clock(last)
    unit = "" if ":" in stop else " s"
    return f"{start}{unit}" if start == stop else f"{start}-{stop}{unit}"


def _percent(part: int, whole: int) -> str:
    """Rounded, but 100 % means all and 0 % none."""
    value = round(100 * part / whole)
    if part < whole:
        value = min(value, 99)
    return f"{max(value, 1)} %"
