"""The whole configuration: everything that a preset may set."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from car_video.config.checks import Settings
from car_video.config.segment import SegmentConfig
from car_video.config.video import VideoConfig


@dataclass(frozen=True)
class Config(Settings, part=""):
    """Everything a preset may set."""

    description: str = ""
    model: str = "lite"
    segment: SegmentConfig = field(default_factory=SegmentConfig)
    video: VideoConfig = field(default_factory=VideoConfig)

    def assuming_present(self) -> Config:
        """The same with ``segment.assume_present``."""
        return replace(self, segment=replace(self.segment, assume_present=True))
