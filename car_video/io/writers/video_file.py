"""A writer whose result is one video file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.io.writers.audio import AudioTrack
from car_video.io.writers.base import OutputInfo
from car_video.io.writers.video import VideoEncoder, choose_encoder
from car_video.types import Frame, FramePrediction


class VideoFileWriter:
    """Encodes one picture per frame. Subclasses say what it shows and how it is encoded.

    Each picture is shown from its frame's time on until the next one's. The last one is shown
    as long as in the source, but not beyond the end of the run. With a stride this includes
    the frames that are left out after it.

    Args:
        path: final name.

    Attributes:
        codecs: names of encoders in order of preference, each with its options.
        pix_fmt: ``yuv420p``, or ``yuva420p`` for pictures with alpha.
    """

    codecs: Sequence[tuple[str, dict[str, str]]]
    pix_fmt = "yuv420p"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.notices: list[str] = []
        self._info: OutputInfo | None = None
        self._encoder: VideoEncoder | None = None
        self._last: Frame | None = None
        self._stride = 1
        self._whole = False

    def picture(self, frame: Frame, prediction: FramePrediction) -> NDArray[np.uint8]:
        """uint8 [H, W, 3 or 4]: what is shown of this frame."""
        raise NotImplementedError

    def sound(self, info: OutputInfo) -> AudioTrack | None:
        """Sound to go with the pictures; none unless a subclass says so."""
        return None

    def open(self, info: OutputInfo) -> None:
        choose_encoder(self.codecs)
        self._info = info

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        image = self.picture(frame, prediction)
        if self._encoder is None:
            self._encoder = self._begin(frame)
        if self._last is not None:
            self._stride = max(1, frame.index - self._last.index)
        self._last = frame
        self._encoder.write(image, frame.time)

    def close(self, complete: bool = True) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is None or self._info is None or self._last is None:
            return
        encoder.close(
            end=shown_until(self._last, self._stride, self._info),
            all_sound=complete and self._info.end is None and self._info.max_frames is None,
        )
        self.notices += encoder.notices
        self._whole = True

    def abort(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.abort()

    def paths(self) -> list[Path]:
        return [self.path] if self._whole else []

    def _begin(self, frame: Frame) -> VideoEncoder:
        if self._info is None:
            raise RuntimeError("open the writer before writing to it")
        return VideoEncoder(
            self.path,
            self.codecs,
            frame.width,
            frame.height,
            self._info.fps,
            pix_fmt=self.pix_fmt,
            pixel_aspect=self._info.pixel_aspect,
            audio=self.sound(self._info),
        )


def shown_until(frame: Frame, stride: int, info: OutputInfo) -> float | None:
    """Time in seconds at which the last picture of a run ends; None where that is not known.

    Args:
        frame: the last one.
        stride: how many frames of the source one picture stands for.
        info: of the run.
    """
    if frame.duration is None:
        return None
    left_out = (stride - 1) / info.fps if stride > 1 and info.fps > 0 else 0.0
    end = frame.time + frame.duration
    if left_out:
        end = max(end, min(end + left_out, info.duration or np.inf))
    return end if info.end is None else max(min(end, info.end), frame.time)
