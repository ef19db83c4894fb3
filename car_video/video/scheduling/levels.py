"""Levels of quality, from which ``Pace`` chooses, and the settings at each of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from car_video.config import DetectorConfig, SegmentConfig
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.video.scheduling.clock import NOMINAL_FPS

WITHOUT_SAM = (0.02, 0.16)
"""Work of a frame without a mask model: whatever its size, and of proposals on 512 pixels."""
KEYFRAME = (0.2, 0.8)
"""Work of a keyframe: of proposals on 512 pixels, and of SAM on 1024."""
BETWEEN = (0.05, 0.45)
"""Work of a frame between: whatever its size, and of SAM on 1024 pixels."""


@dataclass(frozen=True)
class Level:
    """Upper bounds of quality; what a user has set lower stays lower.

    Attributes:
        every: language sees at most each n-th frame.
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
        seen, finest = (self.size / 512) ** 2, 1024
        if not self.refine:
            alone = WITHOUT_SAM[0] + WITHOUT_SAM[1] * seen
            return alone, alone
        key = KEYFRAME[0] * seen + KEYFRAME[1] * (self.side / finest) ** 2
        return key, BETWEEN[0] + BETWEEN[1] * (self.between / finest) ** 2

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


def frames_per_keyframe(keyframes: KeyframeConfig) -> int:
    """From how many frames a user's settings take one keyframe, at the nominal frame rate."""
    return max(1, round(keyframes.interval * NOMINAL_FPS))


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
            max(level.every, frames_per_keyframe(keyframes)) if sam and level.refine else 1,
            min(level.side, segment.sam.side),
            min(level.between, keyframes.side),
            min(level.size, segment.proposal.size),
            level.refine and segment.refine != "none",
        )
        if not levels or own.cost() < levels[-1].cost():
            levels.append(own)
    return tuple(levels)


def spacing_at(level: Level, keyframes: KeyframeConfig) -> int:
    """Frames from keyframe to keyframe that a level asks for, beside the user's interval."""
    return level.every if level.every > frames_per_keyframe(keyframes) else 1


def at_level(
    segment: SegmentConfig, video: VideoConfig, level: Level
) -> tuple[SegmentConfig, VideoConfig]:
    """Settings bounded by a level; :func:`spacing_at` says how far apart keyframes are.

    Args:
        segment: as the user has set them.
        video: likewise.
        level: out of :func:`ladder_for` of the same settings.
    """
    if not level.refine:
        # Its boxes are prompts, and only SAM's masks are coarser than what is worked on.
        segment = replace(segment, detector=DetectorConfig(), roi="off")
    bounded = replace(
        segment,
        refine=segment.refine if level.refine else "none",
        proposal=replace(segment.proposal, size=level.size),
        sam=replace(segment.sam, side=level.side),
    )
    return bounded, replace(video, keyframes=replace(video.keyframes, side=level.between))
