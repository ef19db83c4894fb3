"""What users of the Python interface may give, brought to one form and checked first."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.config import Config, SegmentConfig, VideoConfig
from car_video.errors import ConfigError
from car_video.models.catalog import default_config
from car_video.types import Frame, as_image


def as_settings(
    config: Config | SegmentConfig | None, video: VideoConfig | None, model: str = "lite"
) -> tuple[SegmentConfig, VideoConfig]:
    """Settings of both algorithms.

    Args:
        config: a whole preset, or settings of the image algorithm; None: the preset that suits
            the model.
        video: settings of the video algorithm; None: those of the preset, or the defaults.
        model: its name.

    Raises:
        ConfigError: something else.
    """
    if config is None:
        config = default_config(model)
    segment: Any = config
    if isinstance(config, Config):
        segment, video = config.segment, config.video if video is None else video
    video = VideoConfig() if video is None else video
    if not isinstance(segment, SegmentConfig):
        wanted = "a preset, load_preset('fast'), or a SegmentConfig"
        raise ConfigError(f"config must be {wanted}, got {_kind(config)}")
    if not isinstance(video, VideoConfig):
        raise ConfigError(f"video must be a VideoConfig, got {_kind(video)}")
    if segment.refine == "sam" and segment.sam.rule == "regions" and video.mode != "per-frame":
        raise ConfigError(
            "segment.sam.rule regions names the parts of single pictures; "
            "set video.mode per-frame, or segment.sam.rule peaks"
        )
    return segment, video


class FrameCounter:
    """Frames of what a user gives: frames as they are, arrays with a number and a time.

    Args:
        fps: frames per second of arrays.

    Raises:
        ConfigError: ``fps`` is not a number above 0.
    """

    def __init__(self, fps: float) -> None:
        number = isinstance(fps, int | float | np.number) and not isinstance(fps, bool)
        if not number or not math.isfinite(fps) or fps <= 0:
            raise ConfigError(f"fps must be a number above 0, got {fps!r}")
        self._fps = float(fps)
        self.next = 0

    def frame(self, value: Frame | NDArray[np.uint8]) -> Frame:
        """A frame whose image is uint8 [H, W, 3], C-contiguous.

        Args:
            value: a frame, or an array uint8 [H, W, 3], RGB.

        Raises:
            ValueError: neither, or another array; one line that says how to convert it.
        """
        given = isinstance(value, Frame)
        image = as_image(value.image if isinstance(value, Frame) else value)
        if not given:
            value = Frame(self.next, self.next / self._fps, image)
        assert isinstance(value, Frame)
        self.next = value.index + 1
        return value if value.image is image else dataclasses.replace(value, image=image)


def _kind(value: object) -> str:
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"
