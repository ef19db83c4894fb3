"""The video or picture with its masks drawn in, original size, rate and sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.io.writers.atomic_files import write_whole
from car_video.io.writers.audio import AudioTrack, open_audio
from car_video.io.writers.base import OutputInfo, Run, Target, Writer
from car_video.io.writers.drawing import draw_overlay
from car_video.io.writers.pngs import png_bytes
from car_video.io.writers.video_file import VideoFileWriter
from car_video.types import Frame, FramePrediction

VIDEO, PICTURE = "overlay.mp4", "overlay.png"
H264 = (
    ("libx264", {"crf": "20", "preset": "veryfast"}),
    ("libopenh264", {"b": "6M"}),
    ("h264_videotoolbox", {"q": "60"}),
    ("h264_mf", {"b": "6M"}),
)
"""Encoders of H.264 in order of preference, with the quality asked from each."""


class OverlayVideoWriter(VideoFileWriter):
    """``overlay.mp4``: H.264, yuv420p, fast start (plays while it loads), sound kept."""

    codecs = H264

    def picture(self, frame: Frame, prediction: FramePrediction) -> NDArray[np.uint8]:
        return draw_overlay(frame.image, prediction)

    def sound(self, info: OutputInfo) -> AudioTrack | None:
        if info.audio is None:
            return None
        track = open_audio(info.audio, info.audio_origin)
        if track is None:
            self.notices.append("the sound cannot be read and is left out")
        return track


class OverlayImageWriter:
    """``overlay.png`` of a single picture: a video of one frame is hard to look at.

    Args:
        path: of the PNG.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.notices: list[str] = []
        self._whole = False

    def open(self, info: OutputInfo) -> None:
        """Nothing to prepare."""

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        drawn = Image.fromarray(draw_overlay(frame.image, prediction))
        write_whole(self.path, png_bytes(drawn))
        self._whole = True

    def close(self, complete: bool = True) -> None:
        """Nothing to finish: the file is whole already."""

    def abort(self) -> None:
        """Nothing to remove: the file is whole already."""

    def paths(self) -> list[Path]:
        return [self.path] if self._whole else []


def _make(run: Run) -> Writer:
    if run.info.single:
        return OverlayImageWriter(run.path / PICTURE)
    return OverlayVideoWriter(run.path / VIDEO)


TARGET = Target(_make, files=(VIDEO, PICTURE))
