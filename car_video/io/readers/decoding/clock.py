"""Times of frames, from timestamps that may be missing, repeated or torn."""

from __future__ import annotations

import math

from car_video.io.readers.messages import counted


class Clock:
    """Makes times strictly increase, by rule, and says how often it had to.

    - A time that repeats, for the source's clock is too coarse, becomes a later one within the
      same tick. One that goes back by at most :attr:`SLIP` seconds becomes the last time plus
      half a frame period. Later times are kept as they are.
    - A time that goes back further, or forward by more than ``max_gap`` seconds, is a new
      start of the source's clock: it becomes the last time plus one period (a live source: the
      time on the wall, if that is later), and all later times are shifted with it.
    - A missing time becomes the last one plus one period (live: the time on the wall, or just
      after the last one).

    Args:
        period: nominal seconds between frames.
        max_gap: longest pause in seconds that is believed.
        believed_until: times up to here are believed whatever the pause before them (the
            duration that a trustworthy container states).
        tick: unit of the source's timestamps in seconds; 0 where they are not rounded.

    Attributes:
        slips: times put right that repeat or go back a little.
        restarts: new starts of the source's clock.
    """

    SLIP = 1.0

    def __init__(
        self,
        period: float,
        max_gap: float = 10.0,
        believed_until: float = 0.0,
        tick: float = 0.0,
    ) -> None:
        self.slips = 0
        self.restarts = 0
        self._period = period
        self._max_gap = max_gap
        self._believed_until = believed_until
        self._tick = tick
        self._shift = 0.0
        self._last: float | None = None
        self._moved = False

    def reconnected(self) -> None:
        """The next time comes from a connection with a clock of its own."""
        self._moved = True

    def time(self, raw: float | None, wall: float | None = None) -> float:
        """The time of the next frame in seconds.

        Args:
            raw: what the source says, seconds.
            wall: live sources: seconds since the first frame arrived.
        """
        self._last = self._next(raw, wall)
        return self._last

    def _next(self, raw: float | None, wall: float | None) -> float:
        last = self._last
        if raw is None and wall is not None:
            return wall if last is None else max(wall, last + self._period / 100)
        onward = max(0.0 if last is None else last + self._period, wall or 0.0)
        if raw is None:
            return onward
        if self._moved:
            self._shift, self._moved = onward - raw, False
            return onward
        now = raw + self._shift
        if last is None:
            return max(now, 0.0)
        if now <= last and last - now <= self.SLIP:
            self.slips += 1
            room = now + self._tick - last  # two frames within one tick of a coarse clock
            return last + self._period / 2 if room <= 0 else max(last + room / 2, _after(last))
        if now <= last or (now - last > self._max_gap and now > self._believed_until):
            self.restarts += 1
            self._shift = onward - raw
            return onward
        return now

    def notices(self) -> list[str]:
        """What was put right, for people."""
        said = []
        if self.slips:
            said.append(f"{counted(self.slips, 'timestamp')} put right: repeated or going back")
        if self.restarts:
            said.append(
                f"the clock of the source jumped {counted(self.restarts, 'time')}; times go on"
            )
        return said


def _after(time: float) -> float:
    """The next time that a float can hold."""
    return math.nextafter(time, math.inf)
