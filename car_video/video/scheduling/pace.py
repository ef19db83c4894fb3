"""``Pace``: as much quality as a wanted number of frames per second allows.

A ladder of levels, best first, and a controller that walks it by what frames have cost. Pure:
it is told seconds and answers with a level, so that the same costs give the same levels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from car_video.config import SegmentConfig
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.errors import ConfigError


@dataclass(frozen=True)
class Level:
    """Upper bounds of quality; what a user has set lower stays lower.

    Attributes:
        every: at most each n-th frame is one that language looks at.
        side: longest side in pixels that SAM sees on those.
        between: the same on the frames between.
        size: longest side in pixels of the picture that masks are proposed on.
        refine: whether masks are refined at all.
    """

    every: int
    side: int
    between: int
    size: int
    refine: bool = True

    def work(self) -> tuple[float, float]:
        """What a keyframe and a frame between cost, in keyframes of the first level.

        Only ratios count, and only until the level has been tried: measured with ``lite`` on
        one core, 720p, one expression.
        """
        seen = (self.size / 512) ** 2
        if not self.refine:
            return 0.02 + 0.16 * seen, 0.02 + 0.16 * seen
        key = 0.2 * seen + 0.8 * (self.side / 1024) ** 2
        return key, 0.05 + 0.45 * (self.between / 1024) ** 2

    def cost(self) -> float:
        """Mean work of a frame."""
        key, between = self.work()
        return (key + (self.every - 1) * between) / self.every


LADDER = (
    Level(1, 1024, 448, 512),
    Level(2, 1024, 448, 512),
    Level(3, 1024, 448, 512),
    Level(5, 1024, 448, 512),
    Level(8, 1024, 448, 512),
    Level(8, 1024, 384, 512),
    Level(8, 768, 256, 512),
    Level(8, 512, 256, 512),
    Level(8, 512, 256, 384),
    Level(12, 512, 192, 256),
    Level(1, 512, 192, 256, refine=False),
)
"""Best first. Spacing keyframes costs least in quality, so it comes first; the proposals'
grid, on which memory lives, changes late; masks without refinement are the last resort."""

WINDOW = 4.0  # seconds that are looked at before a decision, in whole keyframe cycles
SHORT = 1.0  # the same where frames are much too slow
MUCH = 1.4  # times longer than they should take
TOLERANCE = 1.05  # a window may take so much longer than it should
ROOM = 0.85  # a better level must be expected to need at most this part of the time
CALM = 3  # windows that must have had room before a better level is tried
PATIENT = 96  # the same at most, after tries that failed
TRIAL = 32  # windows within which a try counts as failed
LEARNING = 0.3  # part of the newest frame in the running means


class Pace:
    """Chooses the level that keeps a number of frames per second.

    Down at once, as far as needed; up one level at a time, only with room to spare, and after
    a failed try only with ever more patience: so it settles instead of swinging.

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
        self.wait = CALM
        self._key: float | None = None
        self._between: float | None = None
        self._tried: int | None = None  # windows since a step up that is on trial
        self._calm = 0
        self._warm = False
        self._clear()

    def outside(self, seconds: float) -> None:
        """Time that the last frame has cost elsewhere: drawing, encoding, writing."""
        self._elapsed += seconds
        self._around += seconds

    def step(self, seconds: float, keyframe: bool) -> int:
        """Take what a frame has cost; the level for the next one.

        Args:
            seconds: that the frame took.
            keyframe: whether language looked at it.
        """
        if not self._warm:  # the first frame pays for buffers and threads of all others
            self._warm = True
            return self.level
        self._frames += 1
        self._elapsed += seconds
        if keyframe:
            self._key = _mean(self._key, seconds)
        else:
            self._between = _mean(self._between, seconds)
        every = self.ladder[self.level].every
        if self._frames >= 2 and self._frames % every == 0:
            mean = self._elapsed / self._frames
            # Frames that are quick are waited for: those of a stream come no faster.
            passed = self._frames * max(mean, self.budget)
            if passed >= (SHORT if mean > MUCH * self.budget else WINDOW):
                self._decide(mean)
                self._clear()
        return self.level

    def _clear(self) -> None:
        self._frames, self._elapsed, self._around = 0, 0.0, 0.0

    def _decide(self, mean: float) -> None:
        around = self._around / self._frames
        # Frames between that fell back on language make a level dearer than its parts.
        parts = self._expected(self.level, around)
        strain = max(1.0, mean / parts) if parts > 0 else 1.0
        if self._tried is not None:
            self._tried += 1
            if self._tried == TRIAL:  # it has proved itself
                self.wait, self._tried = max(CALM, self.wait // 2), None
        if mean > TOLERANCE * self.budget:
            self._calm = 0
            if self._tried is not None:
                self.wait, self._tried = min(PATIENT, 2 * self.wait), None
            self._move(self._first_below(strain, around))
        elif self.level and self._expected(self.level - 1, around) * strain <= (
            ROOM * self.budget
        ):
            self._calm += 1
            if self._calm >= self.wait:
                self._calm = self._tried = 0
                self._move(self.level - 1)
        else:
            self._calm = 0

    def _first_below(self, strain: float, around: float) -> int:
        """The best of the lower levels that is expected to be in time, or the last one."""
        last = len(self.ladder) - 1
        for level in range(self.level + 1, last):
            if self._expected(level, around) * strain <= self.budget:
                return level
        return last

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


def ladder_for(segment: SegmentConfig, keyframes: KeyframeConfig) -> tuple[Level, ...]:
    """The ladder under a user's own settings, which are its first level.

    Levels that would not be cheaper than the one before them are left out: without SAM, for
    instance, keyframes cost as much as other frames.

    Args:
        segment: of the image algorithm.
        keyframes: of the video algorithm.
    """
    sam = segment.refine == "sam"
    levels: list[Level] = []
    for level in LADDER:
        own = Level(
            max(level.every, keyframes.every) if sam and level.refine else 1,
            min(level.side, segment.sam.side),
            min(level.between, keyframes.side),
            min(level.size, segment.proposal.size),
            level.refine and segment.refine != "none",
        )
        if not levels or own.cost() < levels[-1].cost():
            levels.append(own)
    return tuple(levels)


def at_level(
    segment: SegmentConfig, video: VideoConfig, level: Level
) -> tuple[SegmentConfig, VideoConfig]:
    """Settings bounded by a level.

    Args:
        segment: as the user has set them.
        video: likewise.
        level: out of :func:`ladder_for` of the same settings.
    """
    bounded = replace(
        segment,
        refine=segment.refine if level.refine else "none",
        proposal=replace(segment.proposal, size=level.size),
        sam=replace(segment.sam, side=level.side),
    )
    every = max(level.every, video.keyframes.every)
    spaced = replace(video.keyframes, every=every, side=level.between)
    return bounded, replace(video, keyframes=spaced)
