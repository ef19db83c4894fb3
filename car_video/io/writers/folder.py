"""The output folder of a run: what is finished, what stays for a resume, what is deleted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from car_video.io.formats import as_frame_dict
from car_video.io.writers.atomic_files import remove, write_whole, writing
from car_video.io.writers.base import OutputInfo
from car_video.io.writers.edited_masks import EditedMasks
from car_video.io.writers.folder_choice import (
    JOURNAL,
    STATE,
    ExistingFolder,
    check_output,
    own_files,
    own_folders,
)
from car_video.io.writers.folder_lock import LOCK, FolderLock, in_use
from car_video.io.writers.journal import DoneFrames, Journal, take_in
from car_video.io.writers.predictions import RESULTS, write_predictions
from car_video.io.writers.run_record import (
    RECORD,
    compare,
    make_record,
    read_record,
    write_record,
)
from car_video.types import FramePrediction


class OutputFolder:
    """One run's folder, with a record of the run and a journal of its finished frames.

    ``.car-video/run.json`` says whose folder it is and stays; ``.car-video/journal.jsonl``
    holds the finished frames while the run is under way and goes when it is complete, as does
    ``.car-video/state.safetensors``: what the segmenter knew after one of them.

    Made by :meth:`open`.

    While it is open no other process can open it.

    Attributes:
        path: of the folder.
        info: of the run.
        done: frames that an earlier part of the run has finished, by index; their masks are
            read when asked for, as the user has edited them.
    """

    def __init__(
        self,
        path: Path,
        info: OutputInfo,
        lock: FolderLock,
        created: bool,
        record: Mapping[str, Any],
    ) -> None:
        self.path = path
        self.info = info
        self._lock, self._created = lock, created
        self._record = dict(record)
        results = path / RESULTS
        edited = results.exists() and _stamp(results) != record["results"]
        if edited:
            take_in(results, path / JOURNAL, info.expressions)
            self._note_results()
        elif results.exists() and not (path / JOURNAL).exists():
            take_in(results, path / JOURNAL, info.expressions)
        self._edits = EditedMasks(path / "masks", results, all_changed=edited)
        self._journal = Journal(path / JOURNAL)
        self.done = DoneFrames(self._journal, info.expressions, self._edits)

    @classmethod
    def open(
        cls,
        path: str | Path,
        info: OutputInfo,
        mode: ExistingFolder = "new",
        options: Mapping[str, Any] | None = None,
    ) -> OutputFolder:
        """Make or take over a folder.

        Args:
            path: of the folder.
            info: of the run.
            mode: ``new`` wants a folder that is not there yet; ``overwrite`` deletes what an
                earlier run has written, and nothing else; ``resume`` goes on with it. Both
                make a folder that is not there.
            options: everything else that changes the masks (refinement, preset, stride, …),
                JSON values; a run resumes only under the same ones.

        Raises:
            OutputError: see :func:`check_output`; on resume also where the folder belongs to
                another source, model, expressions or options.
        """
        path = Path(path)
        check_output(path, mode)
        record = make_record(info, options or {})
        created = not path.exists()
        lock = FolderLock(path)
        lock.acquire()
        try:
            if mode == "new" and (path / RECORD).exists():
                raise in_use(path)  # another run was quicker
            if mode == "resume" and (path / RECORD).exists():
                earlier = read_record(path)
                compare(path, earlier, record)
                record["results"] = earlier.get("results")
            with writing(path):
                for file in list(own_files(path)):
                    # parts are what a killed run was writing
                    if mode == "overwrite" or file.name.endswith(".part"):
                        file.unlink(missing_ok=True)
            write_record(path, record)
            return cls(path, info, lock, created, record)
        except BaseException:
            lock.release()
            raise

    @property
    def notices(self) -> list[str]:
        """Remarks for the user, one line each."""
        return [*self._edits.notices, *([self._lock.notice] if self._lock.notice else [])]

    def add(self, prediction: FramePrediction, name: str = "") -> None:
        """Note that a frame is finished; ``name``: of its file, where it is one.

        Raises:
            OutputError: the disk does not take it.
        """
        self._journal.append(as_frame_dict(prediction, name))

    def extend(self, expressions: tuple[str, ...]) -> None:
        """Note that the run has more expressions by now; their numbers stay.

        From then on only a run with all of them can resume this one.

        Raises:
            OutputError: the disk does not take it.
        """
        if expressions == self.info.expressions:
            return
        self.info = dataclasses.replace(self.info, expressions=expressions)
        self._record["expressions"] = list(expressions)
        write_record(self.path, self._record)

    def save_state(self, data: bytes) -> None:
        """Keep what the next frame depends on. Raises OutputError."""
        write_whole(self.path / STATE, data)

    def load_state(self) -> bytes | None:
        """What :meth:`save_state` has kept last, if anything. Raises OutputError."""
        state = self.path / STATE
        with writing(state):
            return state.read_bytes() if state.exists() else None

    def write_predictions(self) -> Path:
        """``predictions.json`` of all finished frames, from the journal.

        Raises:
            OutputError: the disk does not take it.
        """
        path = self.path / RESULTS
        write_predictions(path, self.info, *self._journal.entries())
        self._note_results()
        return path

    def close(self, complete: bool) -> None:
        """Let go of the folder.

        Args:
            complete: the run is over, journal and state go; else they stay for a resume. A
                folder that was made for this run and has no finished frame is removed.

        Raises:
            OutputError: the disk does not take it.
        """
        self._journal.close()
        try:
            if complete:
                remove(self._journal.path)
                remove(self.path / STATE)
            elif self._created and not self.done and not self._journal.appended:
                self._discard()
        finally:
            self._lock.release()

    def _note_results(self) -> None:
        """Keep in the record how ``predictions.json`` is now, to see later if it is edited."""
        self._record["results"] = _stamp(self.path / RESULTS)
        write_record(self.path, self._record)

    def _discard(self) -> None:
        with writing(self.path):
            for file in list(own_files(self.path)):
                file.unlink(missing_ok=True)
            self._lock.release()
            (self.path / LOCK).unlink(missing_ok=True)
            for folder in (*own_folders(self.path), (self.path / LOCK).parent, self.path):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()


def _stamp(path: Path) -> list[int]:
    """Bytes and time of change of a file."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
