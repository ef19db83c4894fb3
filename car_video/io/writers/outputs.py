"""All outputs of one run together: what ``--save`` names, in one folder."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from car_video.errors import OutputError
from car_video.io.formats import written_time
from car_video.io.writers.base import Writer
from car_video.io.writers.folder import OutputFolder
from car_video.io.writers.registry import TARGETS
from car_video.types import Frame, FramePrediction


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
        self._writers: list[Writer] = []
        try:
            for name, target in TARGETS.items():
                if name in targets:
                    self._writers.append(target.make(folder))
                    self._writers[-1].open(folder.info)
        except BaseException:
            self.abort()
            raise

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        """Take one frame; frames come by rising index.

        Raises:
            OutputError: the disk does not take it; :meth:`abort` is up to the caller.
            ValueError: a prediction without a time; nothing is written of it.
        """
        written_time(prediction)
        for writer in self._writers:
            writer.write(frame, prediction)
        if frame.index not in self.done or self.done.changed(frame.index):
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
                writer.close(complete)
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
        return [*self._folder.notices, *(n for writer in self._writers for n in writer.notices)]

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
