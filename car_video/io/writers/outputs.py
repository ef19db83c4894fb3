"""All outputs of one run together: what ``--save`` names, in one folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from car_video.errors import OutputError
from car_video.io.writers.base import OutputInfo, Writer
from car_video.io.writers.cutout import CutoutImageWriter, CutoutVideoWriter
from car_video.io.writers.folder import OutputFolder
from car_video.io.writers.masks import MaskWriter
from car_video.io.writers.overlay import OverlayImageWriter, OverlayVideoWriter
from car_video.io.writers.sheet import SheetWriter
from car_video.types import Frame, FramePrediction


class PredictionsWriter:
    """``predictions.json``, put together from the folder's journal when the run closes.

    Args:
        folder: of the run; it keeps the journal.
    """

    def __init__(self, folder: OutputFolder) -> None:
        self.notices: list[str] = []
        self._folder = folder
        self._paths: list[Path] = []

    def open(self, info: OutputInfo) -> None:
        """Nothing to prepare."""

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        """Nothing to do: the folder has the frame in its journal."""

    def close(self) -> None:
        self._paths = [self._folder.write_predictions()]

    def abort(self) -> None:
        """Nothing to remove: the journal stays."""

    def paths(self) -> list[Path]:
        return self._paths


def _cutout(folder: OutputFolder) -> Writer:
    if folder.info.still:
        return CutoutImageWriter(folder.path / "cutout", folder.done)
    return CutoutVideoWriter(folder.path / "cutout.webm")


def _overlay(folder: OutputFolder) -> Writer:
    if folder.info.single:
        return OverlayImageWriter(folder.path / "overlay.png")
    return OverlayVideoWriter(folder.path / "overlay.mp4")


TARGETS: Mapping[str, Callable[[OutputFolder], Writer]] = {
    "json": PredictionsWriter,
    "masks": lambda folder: MaskWriter(folder.path / "masks", folder.done),
    "sheet": lambda folder: SheetWriter(folder.path / "sheet.png"),
    "overlay": _overlay,
    "cutout": _cutout,
}
"""What ``--save`` may name, and how each is made; closed in this order, smallest first."""


class Outputs:
    """Writes every frame to every writer, then notes it in the journal as finished.

    As a context manager it closes at the end of the block; on Ctrl-C it closes as well, so
    that everything done so far can be looked at, but keeps the journal for a resume; on any
    other exception it aborts.

    Args:
        folder: of the run.
        targets: names out of :data:`TARGETS` (see :func:`parse_targets`).

    Attributes:
        done: frames finished by an earlier part of the run, by index. Write them again, from
            here instead of from a model: videos are built anew, finished files are kept.

    Raises:
        OutputError: a target cannot serve this run; the folder is left as it was.
    """

    def __init__(self, folder: OutputFolder, targets: Sequence[str]) -> None:
        self.done = folder.done
        self._folder = folder
        self._writers = [make(folder) for name, make in TARGETS.items() if name in targets]
        try:
            for writer in self._writers:
                writer.open(folder.info)
        except OutputError:
            self.abort()
            raise

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        """Take one frame; frames come by rising index.

        Raises:
            OutputError: the disk does not take it; :meth:`abort` is up to the caller.
        """
        for writer in self._writers:
            writer.write(frame, prediction)
        if frame.index not in self.done:
            self._folder.add(prediction, frame.name)

    def extend(self, expressions: tuple[str, ...]) -> None:
        """As :meth:`OutputFolder.extend`."""
        self._folder.extend(expressions)

    def close(self, complete: bool = True) -> list[Path]:
        """Finish every file and move it into place.

        Args:
            complete: the run has come to its end; False keeps the journal for a resume.

        Returns:
            What is in place, see :meth:`paths`.

        Raises:
            OutputError: the disk does not take it; what is whole stays, the journal too.
        """
        try:
            for writer in self._writers:
                writer.close()
        except BaseException:
            self.abort()
            raise
        self._folder.close(complete)
        return self.paths()

    def abort(self) -> None:
        """Remove what is not whole; whole files and the journal stay for a resume."""
        for writer in self._writers:
            with contextlib.suppress(OutputError):  # the reason for aborting is what counts
                writer.abort()
        with contextlib.suppress(OutputError):
            self._folder.close(complete=False)

    def paths(self) -> list[Path]:
        """Files and folders of this run that are in place."""
        return [path for writer in self._writers for path in writer.paths() if path.exists()]

    def notices(self) -> list[str]:
        """Remarks for the user, one line each."""
        return [notice for writer in self._writers for notice in writer.notices]

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        elif issubclass(kind, KeyboardInterrupt):
            self.close(complete=False)
        else:
            self.abort()


def parse_targets(text: str) -> tuple[str, ...]:
    """``"overlay, json"`` as names of :data:`TARGETS`, each once.

    Raises:
        OutputError: an unknown name, or none at all.
    """
    names = tuple(dict.fromkeys(n for n in (p.strip().lower() for p in text.split(",")) if n))
    unknown = [name for name in names if name not in TARGETS]
    known = ", ".join(sorted(TARGETS))
    if unknown:
        raise OutputError(f"cannot save '{unknown[0]}'; choose from {known}")
    if not names:
        raise OutputError(f"nothing to save; choose from {known}")
    return names
