"""Settings of the video part: how tracks are kept, which frames are keyframes, presence.

Letters in the comments are those of docs/video.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

from car_video.config.checks import Range, Settings, Unit

VideoMode = Literal["per-frame", "online", "offline"]
BelowOne = Annotated[float, Range(0, 1, below=True)]
Weight = Annotated[float, Range(0, 100)]
Seconds = Annotated[float, Range(0, 3600)]

REMEMBERED = 8
"""Past frames that feature memory holds, beside the anchor; it bounds memory at any rate."""


@dataclass(frozen=True)
class TrackConfig(Settings, part="video.tracks"):
    """Rival tracks of one expression, and how the sentence chooses among them."""

    count: Annotated[int, Range(1, 16)] = 3  # K: tracks kept per expression
    # tau: seconds in which the weight of a past text score in a track's value falls to 1/e
    time_constant: Seconds = 3.2
    birth_cost: Weight = 0.3  # a young track's handicap, ...
    settling: Annotated[float, Range(0, 3600, above=True)] = 0.4  # ... down to 1/e after this
    switch_cost: Weight = 0.1  # what a rival must be better by to take over
    # What two expressions that mean different things pay for taking the same track: the
    # logarithm of how many times better it must be for one of them than its next one. Set by
    # hand, at twice as good: the sets have one sequence with several things of one kind.
    share_cost: Weight = 0.7
    # that language may ask of SAM on one frame, shared by all expressions
    prompts: Annotated[int, Range(1, 4096)] = 16
    # How much it counts that a thing moves by itself, beside the camera: the power of a
    # probability; 0: nothing.
    own_motion: Unit = 0.25
    # Between keyframes, a track whose mask overlaps less with its past is lost.
    lost_overlap: BelowOne = 0.1


@dataclass(frozen=True)
class MemoryConfig(Settings, part="video.memory"):
    """What propagation remembers: cells of a few frames and whose they were."""

    # Beside the last frame those are looked up that are nearest to so many seconds back: 4 and
    # 8 frames of 24 a second at the default, whatever the rate of the source.
    recent_seconds: tuple[Annotated[float, Range(0, 3600, above=True)], ...] = (1 / 6, 1 / 3)
    anchor: bool = True  # and the frame with the surest masks
    neighbours: Annotated[int, Range(1, 256)] = 16  # cells that vote for each cell
    # How far the object may have moved, in longer sides of the picture: 5 of 32 cells at the
    # default size.
    reach_sides: Annotated[float, Range(0, 1, above=True)] = 0.16
    temperature: Annotated[float, Range(0, above=True)] = 0.07  # of the votes' weights

    def check(self) -> None:
        few = len(self.recent_seconds) < REMEMBERED
        self.require(few, "recent_seconds", f"at most {REMEMBERED - 1} ages")


@dataclass(frozen=True)
class PresenceConfig(Settings, part="video.presence"):
    """When an expression counts as in the frame: a smoothed score and two thresholds."""

    # Seconds in which the weight of a past score falls to 1/e; 0: no smoothing. The default
    # leaves 0.3 of it from frame to frame at 24 frames/s.
    time_constant: Seconds = 1 / (24 * math.log(1 / 0.3))
    # Once present, it stays so down to this part of the threshold (benchmarks/presence.py).
    stay: Unit = 0.5


@dataclass(frozen=True)
class KeyframeConfig(Settings, part="video.keyframes"):
    """Which frames language sees, and how masks are propagated over the others."""

    interval: Seconds = 0.0  # from keyframe to keyframe; 0: every frame is one
    # The same while all expressions are followed and name one thing each without a place, so
    # that nothing is waited for; the interval itself where that is longer.
    followed_interval: Seconds = 0.0
    # Longest side of a whole frame that SAM sees on the frames between.
    side: Annotated[int, Range(64, 1024, step=16)] = 448
    # A mask with less IoU with its moved predecessor asks for a keyframe at once, ...
    doubt: Unit = 0.8
    min_interval: Seconds = 0.125  # ... but not sooner than this after the last keyframe.
    # Where every mask has this IoU with its moved predecessor, masks move with the picture for
    # so many seconds, and the mask model does not see these frames; 0 s: it sees all.
    calm: Unit = 0.95
    calm_seconds: Seconds = 0.0
    # Language frames in a row of a track that begins and is the best: its first mask is often
    # of a part, or of more than the object, and the next frames put it right.
    newborn: Annotated[int, Range(1, 64)] = 1
    cut: Unit = 0.25  # a new scene: more than this part of the pixels changes colour

    def interval_now(self, settled: bool) -> float:
        """Seconds between keyframes, by whether nothing is waited for."""
        return max(self.interval, self.followed_interval if settled else 0.0)


@dataclass(frozen=True)
class OfflineConfig(Settings, part="video.offline"):
    """How far offline sees ahead, and how many frames it encodes at once."""

    # frames; memory grows with it (about 4 MB per frame at 480p)
    window: Annotated[int, Range(2, 10_000)] = 64
    # frames per pass of the encoders; a CPU gains nothing by more
    batch: Annotated[int, Range(1, 256)] = 1


@dataclass(frozen=True)
class VideoConfig(Settings, part="video"):
    """The video algorithm, part by part."""

    mode: VideoMode = "online"
    # What says where things are on the next frame. flow: optical flow, and the mask model asked
    # there. sam2:tiny, edgetam, ... or a folder (sam2:my/folder): a video memory, fetched on
    # first use (docs/models.md).
    tracker: str = "flow"
    tracks: TrackConfig = field(default_factory=TrackConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    presence: PresenceConfig = field(default_factory=PresenceConfig)
    keyframes: KeyframeConfig = field(default_factory=KeyframeConfig)
    offline: OfflineConfig = field(default_factory=OfflineConfig)
    # give up quality to keep it, see video/scheduling/pace.py
    target_fps: Annotated[float, Range(0, above=True)] | None = None

    def check(self) -> None:
        fits = self.target_fps is None or self.mode == "online"
        self.require(fits, "target_fps", "none unless mode is online")
        fits = self.tracker == "flow" or (self.mode == "online" and self.target_fps is None)
        self.require(fits, "tracker", "flow unless mode is online and target_fps none")
