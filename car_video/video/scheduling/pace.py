"""``Pace``: as much quality as a wanted number of frames per second allows.

It walks the levels of :mod:`~car_video.video.scheduling.levels` by what frames have cost. It is
told seconds and answers with a level, so that the same costs give the same levels.
"""

from __future__ import annotations

from typing import Any

from car_video.config import SegmentConfig, VideoConfig
from car_video.errors import ConfigError
from car_video.video.scheduling.levels import LADDER, Level, ladder_for

WINDOW = 4.0  # seconds that are measured before a decision, in whole keyframe cycles
SHORT_WINDOW = 1.0  # the same where frames are much too slow
MUCH_TOO_SLOW = 1.4  # times longer than frames should take
TOLERANCE = 1.05  # times longer that they may take
ROOM = 0.85  # a better level must be expected to need at most this part of the time
CALM = 3  # windows that must have had room before a better level is tried
PATIENT = 96  # the same at most, after tries that failed
TRIAL = 32  # windows within which a try counts as failed
LEARNING = 0.3  # part of the newest frame in the running means


class Pace:
    """Chooses the level that keeps a number of frames per second.

    Down at once, as far as needed; up one level at a time, only with room to spare, and after
    a failed try only with ever more patience: so it settles instead of swinging.

    What a frame costs outside the segmenter (drawing, writing) counts too, but not what happens
    once: the costs of the first frame, and the largest outside cost of each window. A preview
    window that takes a second to open, or a disk that stops for a moment, says nothing about
    the frames that follow.

    Args:
        target: frames per second.
        ladder: levels, best first.

    Attributes:
        level: number of the level that the next frame is to have.

    Raises:
        ConfigError: a target that is not above 0, or not finite.
    """

    def __init__(self, target: float, ladder: tuple[Level, ...] = LADDER) -> None:
        if not 0 < target < float("inf"):
            raise ConfigError(f"video.target_fps must be above 0, got {target}")
        self.budget, self.ladder = 1.0 / target, ladder
        self.level = 0
        self._patience = CALM  # windows with room before the next try
        self._key: float | None = None
        self._between: float | None = None
        self._tried: int | None = None  # windows since a step up that is on trial
        self._calm = 0
        self._seen = 0  # frames: none, the first, more
        self._frames = 0
        self._work, self._outside, self._largest = 0.0, 0.0, 0.0

    def outside(self, seconds: float) -> None:
        """Time that the last frame has cost elsewhere: drawing, encoding, writing."""
        if self._seen > 1:
            self._outside += seconds
            self._largest = max(self._largest, seconds)

    def step(self, seconds: float, keyframe: bool) -> int:
        """Take what a frame has cost; the level for the next one.

        Args:
            seconds: that the frame took.
            keyframe: whether language saw it.
        """
        self._seen = min(2, self._seen + 1)
        if self._seen == 1:  # the first frame pays for buffers and threads of all others
            return self.level
        self._frames += 1
        self._work += seconds
        if keyframe:
            self._key = _mean(self._key, seconds)
        else:
            self._between = _mean(self._between, seconds)
        every = self.ladder[self.level].every
        if self._frames >= 2 and self._frames % every == 0:
            around = (self._outside - self._largest) / (self._frames - 1)
            mean = self._work / self._frames + around
            # Frames that are quick are waited for: those of a stream come no faster.
            passed = self._frames * max(mean, self.budget)
            slow = mean > MUCH_TOO_SLOW * self.budget
            if passed >= (SHORT_WINDOW if slow else WINDOW):
                self._decide(mean, around)
                self._clear()
        return self.level

    def state(self) -> dict[str, Any]:
        """Plain data for :meth:`restore`: the level, and what frames have cost."""
        return {name: getattr(self, name) for name in _STATE}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`. Raises KeyError, TypeError or ValueError for other data."""
        for name, kind in _STATE.items():
            value = state[name]
            if value is None and name in ("_key", "_between", "_tried"):
                setattr(self, name, None)
                continue
            setattr(self, name, kind(value))
        if not 0 <= self.level < len(self.ladder):
            raise ValueError("no such level")

    def _clear(self) -> None:
        self._frames = 0
        self._work, self._outside, self._largest = 0.0, 0.0, 0.0

    def _decide(self, mean: float, around: float) -> None:
        # Frames between that fell back on language make a level dearer than its parts.
        parts = self._expected(self.level, around)
        strain = max(1.0, mean / parts) if parts > 0 else 1.0
        if self._tried is not None:
            self._tried += 1
            if self._tried == TRIAL:  # it has proved itself
                self._patience, self._tried = max(CALM, self._patience // 2), None
        if mean > TOLERANCE * self.budget:
            self._calm = 0
            if self._tried is not None:
                self._patience, self._tried = min(PATIENT, 2 * self._patience), None
            self._move(self._first_below(strain, around))
        elif self.level and self._expected(self.level - 1, around) * strain <= (
            ROOM * self.budget
        ):
            self._calm += 1
            if self._calm >= self._patience:
                self._calm = self._tried = 0
                self._move(self.level - 1)
        else:
            self._calm = 0

    def _first_below(self, strain: float, around: float) -> int:
        """The best of the lower levels that is expected to be in time.

        If none is, the last one is tried only after the one before it: it gives up refinement,
        and with it all tracks.
        """
        last = len(self.ladder) - 1
        for level in range(self.level + 1, last):
            if self._expected(level, around) * strain <= self.budget:
                return level
        return max(last - 1, min(self.level + 1, last))

    def _expected(self, level: int, around: float) -> float:
        """Seconds per frame at a level, from what frames cost at the present one."""
        now, then = self.ladder[self.level], self.ladder[level]
        (key_now, between_now), (key_then, between_then) = now.work(), then.work()
        per_work = [
            cost / work
            for cost, work in ((self._key, key_now), (self._between, between_now))
            if cost is not None
        ]
        key = per_work[0] if self._key is not None else per_work[-1]
        between = per_work[-1] if self._between is not None else per_work[0]
        if self._key is None:
            key = between
        total = key * key_then + (then.every - 1) * between * between_then
        return total / then.every + around

    def _move(self, level: int) -> None:
        """Take another level; what frames will cost there is what they should cost."""
        if level == self.level:
            return
        now, then = self.ladder[self.level].work(), self.ladder[level].work()
        if self._key is not None:
            self._key *= then[0] / now[0]
        if self._between is not None:
            self._between *= then[1] / now[1]
        self.level = level


def _mean(mean: float | None, value: float) -> float:
    return value if mean is None else (1 - LEARNING) * mean + LEARNING * value


_STATE: dict[str, type] = {
    "level": int,
    "_patience": int,
    "_key": float,
    "_between": float,
    "_tried": int,
    "_calm": int,
    "_seen": int,
    "_frames": int,
    "_work": float,
    "_outside": float,
    "_largest": float,
}


def new_pace(segment: SegmentConfig, video: VideoConfig) -> Pace | None:
    """The controller that the settings ask for; None without a wanted rate.

    Raises:
        ConfigError: see :class:`Pace`.
    """
    if video.target_fps is None:
        return None
    return Pace(video.target_fps, ladder_for(segment, video.keyframes))
