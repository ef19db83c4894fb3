"""The journal of a run: every finished frame as one line, so that a stopped run can go on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError, OutputError
from car_video.io.formats import from_frame_dict
from car_video.io.writers.atomic_files import part_of, remove, writing
from car_video.io.writers.edited_masks import EditedMasks
from car_video.io.writers.predictions import RESULTS, frame_lines
from car_video.types import FramePrediction


class Journal:
    """Appends frames (entries of ``predictions.json``) to a file, one JSON line each.

    A line is written in one go as soon as its frame is done. What a kill or a full disk
    leaves half-written at the end is cut off when the journal is opened again.

    Args:
        path: of the file; made where it is not there.

    Attributes:
        found: frame index to byte offset of the frames that were there when it was opened.

    Raises:
        OutputError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[int, int] = {}
        self.appended = 0
        with writing(path):
            end = 0
            if path.exists():
                for index, offset, line in _scan(path):
                    self.found[index] = offset
                    end = offset + len(line)
            # unbuffered: a line that does not fit the disk fails here, not at closing time
            self._file = path.open("ab", buffering=0)
            self._file.truncate(end)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add a finished frame.

        Raises:
            OutputError: the disk does not take it.
        """
        rest = memoryview(json.dumps(entry, allow_nan=False).encode("ascii") + b"\n")
        with writing(self.path):
            while rest:
                rest = rest[self._file.write(rest) :]
        self.appended += 1

    def read(self, index: int) -> dict[str, Any]:
        """The entry of a frame of :attr:`found`. KeyError where it is not there."""
        offset = self.found[index]
        with writing(self.path), self.path.open("rb") as file:
            file.seek(offset)
            entry: dict[str, Any] = json.loads(file.readline())
        return entry

    def entries(self) -> tuple[int, Iterator[bytes]]:
        """How many frames there are, and their lines (without ends) by rising index.

        Of several entries of one frame the last counts. Memory is 16 bytes per frame.

        Raises:
            OutputError: the file cannot be read.
        """
        with writing(self.path):
            offsets = _order(self.path)
        return len(offsets), self._lines(offsets)

    def _lines(self, offsets: NDArray[np.int64]) -> Iterator[bytes]:
        position = 0
        with writing(self.path), self.path.open("rb") as file:
            for offset in offsets:
                if offset != position:
                    file.seek(offset)
                line = file.readline()
                position = offset + len(line)
                yield line.rstrip(b"\n")

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._file.close()


class DoneFrames(Mapping[int, FramePrediction]):
    """Predictions that an earlier part of a run has left, read from its journal when asked.

    Args:
        journal: of the run.
        expressions: of the run.
        edits: what the user has changed since.
        all_looked_for: every frame must have every expression.
    """

    def __init__(
        self,
        journal: Journal,
        expressions: tuple[str, ...],
        edits: EditedMasks,
        all_looked_for: bool = False,
    ) -> None:
        self._journal = journal
        self._expressions = expressions
        self._edits = edits
        self._all_looked_for = all_looked_for

    def __getitem__(self, index: int) -> FramePrediction:
        """Raises OutputError where the user's edits do not fit the frame."""
        entry = self._journal.read(index)
        try:
            found = from_frame_dict(entry, self._expressions, self._all_looked_for)
        except DataError as error:
            raise bad_results(error) from None
        return self._edits.apply(found)

    def changed(self, index: int) -> bool:
        """Whether the user has edited this frame, once it has been asked for."""
        return self._edits.changed(index)

    def __iter__(self) -> Iterator[int]:
        return iter(self._journal.found)

    def __len__(self) -> int:
        return len(self._journal.found)

    def __contains__(self, index: object) -> bool:  # without decoding the masks
        return index in self._journal.found


def bad_results(error: DataError) -> OutputError:
    """What is said of a ``predictions.json`` that was edited and does not fit."""
    return OutputError(f"{RESULTS}: {error}; put it right or use --overwrite")


def take_in(results: Path, journal: Path, expressions: tuple[str, ...]) -> None:
    """Put the frames of a ``predictions.json`` into a journal, over what it has of them.

    Raises:
        OutputError: the file is not of this run, or the disk does not take the journal.
    """
    with writing(journal):
        part = part_of(journal)
        with part.open("wb") as file:
            if journal.exists():
                file.writelines(line for _, _, line in _scan(journal))
            taken: set[int] = set()
            for line in frame_lines(results, expressions):
                index = _index_of(line + b"\n")
                if index is None or index in taken:
                    what = (
                        "a frame without index or objects"
                        if index is None
                        else (f"frame {index} twice")
                    )
                    raise OutputError(
                        f"'{results}' has {what}; put it right, or start over with --overwrite"
                    )
                taken.add(index)
                file.write(line + b"\n")
        os.replace(part, journal)


def add_together(journal: Path, entries: Iterable[Mapping[str, Any]]) -> int:
    """Put frames into a journal that is closed, over what it has of them: all, or none.

    Args:
        journal: the file.
        entries: of ``predictions.json``.

    Returns:
        How many there were.

    Raises:
        OutputError: the disk does not take them.
    """
    part, count = part_of(journal), 0
    try:
        with writing(journal), part.open("wb") as file:
            file.writelines(line for _, _, line in _scan(journal))
            for entry in entries:
                file.write(json.dumps(entry, allow_nan=False).encode("ascii") + b"\n")
                count += 1
        with writing(journal):
            os.replace(part, journal)
    except BaseException:
        remove(part)
        raise
    return count


def _scan(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Index, byte offset and text of each whole entry, up to the first damaged one."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            index = _index_of(line)
            if index is None:
                return
            yield index, offset, line
            offset += len(line)


def _index_of(line: bytes) -> int | None:
    """The frame's index, or None where the line is not a whole entry."""
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("objects"), list):
        return None
    index = entry.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else None


def _order(path: Path) -> NDArray[np.int64]:
    """int64 [frames]: byte offsets of the entries by rising index, the last of duplicates."""
    pairs = np.fromiter(
        ((index, offset) for index, offset, _ in _scan(path)), np.dtype((np.int64, 2))
    ).reshape(-1, 2)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    last = np.ones(len(pairs), bool)
    last[:-1] = pairs[1:, 0] != pairs[:-1, 0]
    return np.asarray(pairs[last, 1])
