"""Settings of the video part: how tracks are kept, when a frame is a keyframe, who is here.

Letters in the comments are those of docs/video.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from car_video.errors import ConfigError

VideoMode = Literal["per-frame", "online", "offline"]


@dataclass(frozen=True)
class TrackConfig:
    """Rival tracks of one expression, and how the sentence chooses among them."""

    count: int = 3  # K: tracks kept per expression
    decay: float = 0.9  # gamma: how much of a track's score is its past
    overlap_weight: float = 0.2  # lambda: a mask where the last one has moved to
    memory_weight: float = 1.0  # mu: a mask where memory says that the object is
    look_weight: float = 1.0  # nu: a mask that looks like the object did
    lost_likeness: float = 0.3  # a mask that looks less like it is not it
    birth_cost: float = 0.3  # a young track's handicap, which its age takes away
    switch_cost: float = 0.1  # what a rival must be better by to take over
    prompts: int = 16  # that language may ask of SAM on one frame, shared by all expressions
    lost_overlap: float = 0.1  # a track whose mask overlaps less with its past is lost

    def __post_init__(self) -> None:
        _require(1 <= self.count <= 16, "tracks.count", "from 1 to 16", self.count)
        _require(1 <= self.prompts <= 4096, "tracks.prompts", "1 to 4096", self.prompts)
        for name in ("decay", "lost_overlap", "lost_likeness"):
            value = getattr(self, name)
            _require(0 <= value < 1, f"tracks.{name}", "from 0 to below 1", value)
        weights = ("overlap_weight", "memory_weight", "look_weight")
        for name in (*weights, "birth_cost", "switch_cost"):
            value = getattr(self, name)
            _require(0 <= value <= 100, f"tracks.{name}", "from 0 to 100", value)


@dataclass(frozen=True)
class MemoryConfig:
    """What propagation remembers: cells of a few frames and whose they were."""

    recent: tuple[int, ...] = (1, 4, 8)  # ages in frames that are looked up
    anchor: bool = True  # and the frame with the surest masks
    neighbours: int = 16  # cells that vote for each cell
    radius: int = 5  # in cells: how far the object may have moved
    temperature: float = 0.07  # of the votes' weights

    def __post_init__(self) -> None:
        _require(
            len(self.recent) >= 1 and all(1 <= age <= 64 for age in self.recent),
            "memory.recent",
            "ages from 1 to 64",
            self.recent,
        )
        _require(1 <= self.neighbours <= 256, "memory.neighbours", "1 to 256", self.neighbours)
        _require(1 <= self.radius <= 256, "memory.radius", "from 1 to 256", self.radius)
        _require(self.temperature > 0, "memory.temperature", "above 0", self.temperature)


@dataclass(frozen=True)
class PresenceConfig:
    """When an expression counts as in the frame: a smoothed score and two thresholds."""

    smoothing: float = 0.3  # part of the last frame's score
    stay: float = 0.8  # once here, it stays down to this part of the threshold

    def __post_init__(self) -> None:
        _require(0 <= self.smoothing < 1, "presence.smoothing", "0 to 1", self.smoothing)
        _require(0 <= self.stay <= 1, "presence.stay", "from 0 to 1", self.stay)


@dataclass(frozen=True)
class KeyframeConfig:
    """On which frames language looks, and how the others are carried."""

    every: int = 1  # at least each n-th frame is a keyframe; 1: all of them
    side: int = 448  # longest side of a whole frame that SAM sees on the frames between
    doubt: float = 0.8  # IoU of a mask with where it should be, below which language looks
    gap: int = 3  # but not sooner than so many frames after it last did
    cut: float = 0.25  # a new scene: more than this part of the pixels changes colour

    def __post_init__(self) -> None:
        _require(1 <= self.every <= 1000, "keyframes.every", "from 1 to 1000", self.every)
        fits = 64 <= self.side <= 1024 and self.side % 16 == 0
        _require(fits, "keyframes.side", "a multiple of 16 from 64 to 1024", self.side)
        _require(0 <= self.cut <= 1, "keyframes.cut", "from 0 to 1", self.cut)
        _require(0 <= self.doubt <= 1, "keyframes.doubt", "from 0 to 1", self.doubt)
        _require(1 <= self.gap <= 1000, "keyframes.gap", "from 1 to 1000", self.gap)


@dataclass(frozen=True)
class OfflineConfig:
    """How far offline sees ahead, and how many frames it encodes at once."""

    window: int = 64  # frames; memory grows with it (about 4 MB per frame at 480p)
    batch: int = 1  # frames per pass of the encoders; a CPU gains nothing by more

    def __post_init__(self) -> None:
        _require(1 <= self.batch <= 256, "offline.batch", "1 to 256", self.batch)
        _require(2 <= self.window <= 10_000, "offline.window", "2 to 10000", self.window)


@dataclass(frozen=True)
class VideoConfig:
    """The video algorithm, part by part."""

    mode: VideoMode = "online"
    tracks: TrackConfig = field(default_factory=TrackConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    presence: PresenceConfig = field(default_factory=PresenceConfig)
    keyframes: KeyframeConfig = field(default_factory=KeyframeConfig)
    offline: OfflineConfig = field(default_factory=OfflineConfig)
    target_fps: float | None = None  # give up quality to keep it, see video/scheduling/pace.py

    def __post_init__(self) -> None:
        fits = self.target_fps is None or 0 < self.target_fps < float("inf")
        _require(fits, "target_fps", "above 0", self.target_fps)
        fits = self.target_fps is None or self.mode == "online"
        _require(fits, "target_fps", "none unless mode is online", self.target_fps)


def _require(condition: bool, key: str, allowed: str, value: object) -> None:
    if not condition:
        raise ConfigError(f"video.{key} must be {allowed}, got {value!r}")
