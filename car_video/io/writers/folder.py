"""The output folder of a run: what is finished, what stays for a resume, what is deleted."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from car_video.errors import DataError, OutputError
from car_video.io.formats import as_frame_dict, from_frame_dict
from car_video.io.writers.atomic_files import remove, write_whole, writing
from car_video.io.writers.base import OutputInfo
from car_video.io.writers.edited_masks import EditedMasks
from car_video.io.writers.folder_choice import (
    FINISHED,
    JOURNAL,
    STATE,
    ExistingFolder,
    check_output,
    own_files,
    own_folders,
)
from car_video.io.writers.folder_lock import LOCK, FolderLock, in_use
from car_video.io.writers.frame_digests import (
    DIGESTS,
    edited_expressions,
    read_digests,
    write_digests,
)
from car_video.io.writers.journal import DoneFrames, Journal, add_together, bad_results, take_in
from car_video.io.writers.predictions import RESULTS, write_predictions
from car_video.io.writers.run_record import (
    RECORD,
    compare,
    corrected_frames,
    make_record,
    read_record,
    write_record,
)
from car_video.types import FramePrediction

# of the earlier record
_LASTING = ("end", "max_frames", "results", "expressions changed", "corrected")


class OutputFolder:
    """One run's folder, with a record of the run and a journal of its finished frames.

    ``.car-video/run.json`` says whose folder it is and stays; ``.car-video/journal.jsonl``
    holds the finished frames while the run is under way, and
    ``.car-video/state.safetensors`` what the segmenter knew after one of them. Both go when the
    run is complete; where ``predictions.json`` does not hold all frames the journal stays as
    ``.car-video/finished.jsonl``, so that edited masks have something to be compared with.

    Made by :meth:`open`.

    While it is open no other process can open it.

    Attributes:
        path: of the folder.
        info: of the run.
        done: frames that an earlier part of the run has finished, by index; their masks are
            read when asked for, as the user has edited them.
        was_complete: the run had come to its end when the folder was opened.
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
        results, journal, finished = path / RESULTS, path / JOURNAL, path / FINISHED
        self.was_complete = not journal.exists()
        if self.was_complete and finished.exists():
            with writing(journal):
                os.replace(finished, journal)
        self._results_hold_all = results.exists() and not journal.exists()
        edited = results.exists() and _stamp(results) != record["results"]
        if edited:
            take_in(results, journal, info.expressions)
            self._note_results()
        elif self._results_hold_all:
            take_in(results, journal, info.expressions)
        self._edits = EditedMasks(path / "masks", results, all_changed=edited)
        self._open_journal(journal)

    def _open_journal(self, path: Path) -> None:
        self._journal = Journal(path)
        self.done = DoneFrames(
            self._journal,
            self.info.expressions,
            self._edits,
            not self._record["expressions changed"],
        )

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
                another source, model, expressions or options, or holds a longer run.
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
            resumed = mode == "resume" and (path / RECORD).exists()
            extent = {key: record[key] for key in ("end", "max_frames")}
            if resumed:
                earlier = read_record(path)
                compare(path, earlier, record)
                record = {**record, **{k: v for k, v in earlier.items() if k in _LASTING}}
            with writing(path):
                for file in list(own_files(path)):
                    # parts are what a killed run was writing
                    if mode == "overwrite" or file.name.endswith(".part"):
                        file.unlink(missing_ok=True)
            write_record(path, record)
            folder = cls(path, info, lock, created, record)
            if resumed:
                folder._extend_to(extent)
            return folder
        except BaseException:
            lock.release()
            raise

    def _extend_to(self, extent: Mapping[str, Any]) -> None:
        """Note how far the run goes now. Raises OutputError where that is less than is done."""
        found, end, most = self._journal.found, extent["end"], extent["max_frames"]
        time = self._journal.read(max(found)).get("time") if found else None
        beyond = end is not None and isinstance(time, int | float) and time >= end
        if beyond or (most is not None and len(found) > most):
            self.close(self.was_complete)
            raise OutputError(
                f"'{self.path}' has {len(found)} frames already, more than is asked for, and "
                "--resume makes no run shorter; use --overwrite, or another --out"
            )
        self._record.update(extent)
        write_record(self.path, self._record)

    @property
    def notices(self) -> list[str]:
        """Remarks for the user, one line each."""
        return [*self._edits.notices, *([self._lock.notice] if self._lock.notice else [])]

    def add(self, prediction: FramePrediction, name: str = "") -> None:
        """Note that a frame is finished; ``name``: of its file, where it is one.

        Raises:
            OutputError: the disk does not take it.
        """
        if not all(prediction.extras.get("active", ())):
            self._note_change()
        self._results_hold_all = False
        self._journal.append(as_frame_dict(prediction, name))

    def take_entries(self, entries: Iterable[Mapping[str, Any]]) -> int:
        """Note frames that were computed elsewhere, as :meth:`add`; how many were not done yet.
        :attr:`done` has them after :meth:`reread`."""
        new = [entry for entry in entries if entry["index"] not in self.done]
        for entry in new:
            self._journal.append(entry)
        self._results_hold_all &= not new
        return len(new)

    def reread(self) -> None:
        """Read from the journal which frames are done."""
        self._journal.close()
        self._open_journal(self._journal.path)

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
        self._record["expressions changed"] = True
        write_record(self.path, self._record)

    @property
    def corrected(self) -> list[tuple[int, int]]:
        """Frame and number of the expression of corrections that are part of the results."""
        return corrected_frames(self._record)

    def edited(self) -> list[tuple[int, int]]:
        """Frame and number of the expression of all masks that the user has edited, in their
        files or in ``predictions.json``, since that was written.

        Raises:
            OutputError: an edit that does not fit its frame.
        """
        digests = read_digests(self.path / DIGESTS)
        found = []
        for index in sorted(self._journal.found) if (self.path / RESULTS).exists() else ():
            entry = self._journal.read(index)
            numbers: Iterable[int] = ()
            if index in digests:
                try:
                    numbers = edited_expressions(entry, digests[index], self.info.expressions)
                except DataError as error:
                    raise bad_results(error) from None
            if self._edits.newer(index):
                before = from_frame_dict(entry, self.info.expressions).masks
                differs = (self.done[index].masks != before).any((1, 2))
                numbers = {*numbers, *differs.nonzero()[0].tolist()}
            found += [(index, number) for number in sorted(numbers)]
        return found

    def before_edit(self, index: int) -> FramePrediction:
        """A frame of :meth:`edited` as it was.

        Of its mask file and ``predictions.json`` the one tells that has not been edited; where
        neither does, it is the frame as it is now.

        Raises:
            OutputError: the mask file cannot be the frame's.
        """
        entry = self._journal.read(index)
        written = from_frame_dict(entry, self.info.expressions)
        if self._edits.newer(index):
            return written
        return self._edits.of_file(written)

    def take_corrections(
        self, predictions: Iterable[FramePrediction], corrected: Sequence[tuple[int, int]]
    ) -> list[int]:
        """Other predictions for frames that are done: all of them, or none.

        Args:
            predictions: may still read from :attr:`done`.
            corrected: frame and number of the expression of the corrections behind them. These
                frames are taken as :attr:`done` has them, where they are not in
                ``predictions``.

        Returns:
            Indices of all frames taken.

        Raises:
            OutputError: the disk does not take them.
        """
        taken: list[int] = []

        def with_edited() -> Iterable[FramePrediction]:
            for one in predictions:
                taken.append(one.index)
                yield one
            for index in sorted({frame for frame, _ in corrected}.difference(taken)):
                taken.append(index)
                yield self.done[index]

        def entries() -> Iterable[dict[str, Any]]:
            for one in with_edited():
                name = str(self._journal.read(one.index).get("file", ""))
                yield as_frame_dict(one, name)

        path = self._journal.path
        add_together(path, entries())
        self._journal.close()
        for index in taken:
            self._edits.settle(index)
        self._results_hold_all = False
        self._open_journal(path)
        self._record["corrected"] = sorted(
            list(pair) for pair in {*self.corrected, *map(tuple, corrected)}
        )
        write_record(self.path, self._record)
        self._note_digests()
        return taken

    @contextlib.contextmanager
    def kept_on_error(self) -> Iterator[None]:
        """Where the block fails, the folder is let go of as it was."""
        try:
            yield
        except BaseException:
            with contextlib.suppress(OutputError):  # the first error is the one to tell
                self.close(self.was_complete)
            raise

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
        self._note_digests()
        self._note_results()
        self._results_hold_all = True
        return path

    def close(self, complete: bool) -> None:
        """Let go of the folder.

        Args:
            complete: the run is over: the state goes, and the journal, but for frames that
                ``predictions.json`` does not hold. Else they stay for a resume, but a folder
                that was made for this run and has no finished frame is removed.

        Raises:
            OutputError: the disk does not take it.
        """
        self._journal.close()
        try:
            if complete:
                self._finish_journal()
                remove(self.path / STATE)
            elif self._created and not self.done and not self._journal.appended:
                self._discard()
        finally:
            self._lock.release()

    def _finish_journal(self) -> None:
        if self._results_hold_all or not (self.done or self._journal.appended):
            remove(self._journal.path)
        else:
            with writing(self._journal.path):
                os.replace(self._journal.path, self.path / FINISHED)

    def _note_change(self) -> None:
        """Keep in the record that not every frame has every expression."""
        if not self._record["expressions changed"]:
            self._record["expressions changed"] = True
            write_record(self.path, self._record)

    def _note_results(self) -> None:
        """Keep in the record how ``predictions.json`` is now, to see later if it is edited."""
        self._record["results"] = _stamp(self.path / RESULTS)
        write_record(self.path, self._record)

    def _note_digests(self) -> None:
        """Keep what the results say of each frame, to see later which are edited."""
        _, lines = self._journal.entries()
        write_digests(self.path / DIGESTS, lines, len(self.info.expressions))

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
