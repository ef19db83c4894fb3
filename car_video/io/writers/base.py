"""What every writer is: something that takes frames with their predictions and leaves files."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, runtime_checkable

from car_video.types import Frame, FramePrediction


@dataclass(frozen=True, slots=True)
class OutputInfo:
    """What a writer must know before the first frame.

    Attributes:
        source: as the user named it, without passwords.
        width: of the pictures, in pixels.
        height: of the pictures, in pixels.
        fps: pictures per second of the source; the true times come with the frames.
        model: name of the model.
        expressions: the sentences.
        path: of the source, a file or a folder; None for cameras and addresses.
        audio: file whose sound belongs to the pictures; None for cameras, streams, folders.
        audio_origin: time on that file's own clock, in seconds, at which ``Frame.time`` is 0;
            None means the first picture of its video stream.
        duration: seconds of the whole source, None where that is not known.
        end: time in seconds at which the run ends (``--end``), None for the source's end.
        max_frames: number of frames after which it ends, None for all.
        pixel_aspect: width of a pixel divided by its height, as the picture is shown.
        still: whether the source is a picture or a folder of pictures rather than a video.
        single: whether it is one picture.
    """

    source: str
    width: int
    height: int
    fps: float
    model: str
    expressions: tuple[str, ...]
    path: str | None = None
    audio: str | None = None
    audio_origin: float | None = None
    duration: float | None = None
    end: float | None = None
    max_frames: int | None = None
    pixel_aspect: Fraction = Fraction(1)
    still: bool = False
    single: bool = False


@runtime_checkable
class Writer(Protocol):
    """Takes the frames of one run in order of time.

    The calls are :meth:`open`, :meth:`write` for each frame, then :meth:`close` or
    :meth:`abort`. Files appear under their final names only when they are whole. After
    :meth:`close` or :meth:`abort` a writer takes no more frames and holds nothing open.

    ``tests/io/writers/contract.py`` holds every writer to this.

    Attributes:
        notices: remarks for the user about what could not be done, one line each.
    """

    notices: list[str]

    def open(self, info: OutputInfo) -> None:
        """Get ready. Raises OutputError where this writer can never serve this run."""
        ...

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        """Take one frame; its size and the number of expressions may change in a run.

        Raises:
            OutputError: the disk does not take it.
        """
        ...

    def close(self, complete: bool = True) -> None:
        """Make what was written whole and move it into place; no frame, no file.

        Args:
            complete: the run has come to its end; False: it was stopped.

        Raises:
            OutputError: the disk does not take it.
        """
        ...

    def abort(self) -> None:
        """Leave whole files alone and remove everything that is not whole."""
        ...

    def paths(self) -> list[Path]:
        """Files and folders of this run that are in place."""
        ...


class Earlier(Container[int], Protocol):
    """The frames that an earlier part of a run has finished, by index."""

    def changed(self, index: int) -> bool:
        """Whether the user has changed the masks of this frame since."""
        ...


class Run(Protocol):
    """What a writer may know of the run that it writes for.

    Attributes:
        path: folder of the run.
        info: of the run.
        done: frames that an earlier part of the run has finished.
    """

    @property
    def path(self) -> Path: ...
    @property
    def info(self) -> OutputInfo: ...
    @property
    def done(self) -> Earlier: ...

    def write_predictions(self) -> Path:
        """Write ``predictions.json`` from the run's journal. Raises OutputError."""
        ...


@dataclass(frozen=True)
class Target:
    """Something that ``--save`` may name.

    Attributes:
        make: the writer of a run.
        files: names of the files that it may leave in the run's folder.
        folders: names of the folders that it may leave there, filled with ``00000.png`` ...
    """

    make: Callable[[Run], Writer]
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
