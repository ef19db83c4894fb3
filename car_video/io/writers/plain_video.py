"""``write_video``: pictures of one's own as a video file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import OutputError
from car_video.io.writers.overlay import H264
from car_video.io.writers.video import VideoEncoder
from car_video.types import Frame, as_image

USUAL_RATE = 25.0
"""Frames per second where frames do not tell."""


def write_video(
    path: str | Path, frames: Iterable[Frame | NDArray[np.uint8]], fps: float | None = None
) -> Path:
    """Write pictures to an MP4 file, each shown at its own time.

    Args:
        path: ends with .mp4; a file that is there is replaced when the new one is whole.
        frames: of a source, with other pictures (``dataclasses.replace(frame, image=...)``), or
            arrays uint8 [H, W, 3], RGB.
        fps: frames per second of arrays, 25 by default; for frames the rate of the file's
            clock, by default that of the first two.

    Raises:
        OutputError: no frame, another ending, or the file cannot be written; nothing is left of
            it then.
        ValueError: something else than pictures.

    Example:
        >>> write_video("clip2.mp4", read_frames("clip.mp4"))  # doctest: +SKIP
    """
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise OutputError(f"'{path}' is no name of an MP4 file; let it end with .mp4")
    encoder: VideoEncoder | None = None
    waiting: Frame | None = None
    last: Frame | None = None
    try:
        for number, one in enumerate(frames):
            frame = _as_frame(one, number, fps)
            if waiting is not None:  # two frames tell the rate
                rate = fps or _rate(waiting, frame)
                encoder = _open(path, waiting, rate)
                encoder.write(waiting.image, waiting.time)
                waiting = None
            if encoder is None:
                waiting = frame
            else:
                encoder.write(frame.image, frame.time)
            last = frame
        if waiting is not None:
            encoder = _open(path, waiting, fps or USUAL_RATE)
            encoder.write(waiting.image, waiting.time)
    except BaseException:
        if encoder is not None:
            encoder.abort()
        raise
    if encoder is None or last is None:
        raise OutputError(f"there is no frame to write to '{path}'")
    encoder.close(end=None if last.duration is None else last.time + last.duration)
    return path


def _as_frame(one: Frame | NDArray[np.uint8], number: int, fps: float | None) -> Frame:
    if isinstance(one, Frame):
        as_image(one.image)
        return one
    return Frame(number, number / (fps or USUAL_RATE), as_image(one))


def _rate(first: Frame, second: Frame) -> float:
    passed = second.time - first.time
    return 1 / passed if passed > 0 else USUAL_RATE


def _open(path: Path, frame: Frame, fps: float) -> VideoEncoder:
    return VideoEncoder(path, H264, frame.width, frame.height, fps)
