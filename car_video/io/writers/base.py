"""What every writer is: something that takes frames with their predictions and leaves files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from car_video.types import Frame, FramePrediction


@dataclass(frozen=True, slots=True)
class OutputInfo:
    """What a writer must know before the first frame.

    Attributes:
        source: as the user named it.
        width: of the pictures, in pixels.
        height: of the pictures, in pixels.
        fps: pictures per second of the source; the true times come with the frames.
        model: name of the model.
        expressions: the sentences.
        audio: file whose sound belongs to the pictures; None for cameras, streams, folders.
        audio_origin: time on that file's own clock, in seconds, at which ``Frame.time`` is 0;
            None means the first picture of its video stream.
        still: whether the source is a picture or a folder of pictures rather than a video.
        single: whether it is one picture.
    """

    source: str
    width: int
    height: int
    fps: float
    model: str
    expressions: tuple[str, ...]
    audio: str | None = None
    audio_origin: float | None = None
    still: bool = False
    single: bool = False


@runtime_checkable
class Writer(Protocol):
    """Takes the frames of one run in order of time.

    Files appear under their final names only when they are whole. After :meth:`close` or
    :meth:`abort` a writer takes no more frames.

    Attributes:
        notices: remarks for the user about what could not be done, one line each.
    """

    notices: list[str]

    def open(self, info: OutputInfo) -> None:
        """Get ready. Raises OutputError where this writer can never serve this run."""
        ...

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        """Take one frame. Raises OutputError where the disk does not."""
        ...

    def close(self) -> None:
        """Make what was written whole and move it into place. Raises OutputError."""
        ...

    def abort(self) -> None:
        """Leave whole files alone and remove everything that is not whole."""
        ...

    def paths(self) -> list[Path]:
        """Files and folders of this run that are in place."""
        ...
