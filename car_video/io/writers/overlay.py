"""The video or picture with its masks drawn in, original size, rate and sound."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

from car_video.io.writers.atomic_files import write_whole
from car_video.io.writers.audio import open_audio
from car_video.io.writers.base import OutputInfo
from car_video.io.writers.drawing import draw_overlay
from car_video.io.writers.video import VideoEncoder, choose_encoder
from car_video.types import Frame, FramePrediction

H264 = (
    ("libx264", {"crf": "20", "preset": "veryfast"}),
    ("libopenh264", {"b": "6M"}),
    ("h264_videotoolbox", {"q": "60"}),
    ("h264_mf", {"b": "6M"}),
)
"""Encoders of H.264 in order of preference, with the quality asked from each."""


class OverlayVideoWriter:
    """``overlay.mp4``: H.264, yuv420p, index in front (plays while it loads), sound kept.

    Args:
        path: of the mp4.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.notices: list[str] = []
        self._info: OutputInfo | None = None
        self._writer: VideoEncoder | None = None
        self._whole = False

    def open(self, info: OutputInfo) -> None:
        choose_encoder(H264)
        self._info = info

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        if self._writer is None:
            self._writer = self._begin(frame)
        self._writer.write(draw_overlay(frame.image, prediction), frame.time)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self.notices += self._writer.notices()
            self._writer, self._whole = None, True

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()
            self._writer = None

    def paths(self) -> list[Path]:
        return [self.path] if self._whole else []

    def _begin(self, frame: Frame) -> VideoEncoder:
        if self._info is None:
            raise RuntimeError("open the writer before writing to it")
        info = self._info
        audio = open_audio(info.audio, info.audio_origin) if info.audio is not None else None
        return VideoEncoder(
            self.path,
            H264,
            frame.width,
            frame.height,
            info.fps,
            container_options={"movflags": "+faststart"},
            audio=audio,
        )


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
        buffer = BytesIO()
        drawn = Image.fromarray(draw_overlay(frame.image, prediction))
        drawn.save(buffer, "PNG", compress_level=3)
        write_whole(self.path, buffer.getvalue())
        self._whole = True

    def close(self) -> None:
        """Nothing to finish: the file is whole already."""

    def abort(self) -> None:
        """Nothing to remove: the file is whole already."""

    def paths(self) -> list[Path]:
        return [self.path] if self._whole else []
