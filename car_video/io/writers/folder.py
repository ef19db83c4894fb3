"""The output folder of a run: who may write where, what is finished, what may be deleted."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from car_video.errors import OutputError
from car_video.io.formats import as_frame_dict
from car_video.io.writers.atomic_files import part_of, remove, write_whole, writing
from car_video.io.writers.base import OutputInfo
from car_video.io.writers.journal import DoneFrames, Journal
from car_video.io.writers.predictions import frame_lines, write_predictions
from car_video.types import FramePrediction

ExistingFolder = Literal["new", "overwrite", "resume"]

FILES = ("overlay.mp4", "overlay.png", "predictions.json", "cutout.webm", "sheet.png")
FOLDERS = ("masks", "cutout")
_HIDDEN = ".car-video"
_STATE = "state.safetensors"
_FORMAT = 1
_FRAME_FILE = re.compile(r"\.?\d{5,}\.png(\.part)?")


class OutputFolder:
    """One run's folder, with a record of the run and a journal of its finished frames.

    ``.car-video/run.json`` says whose folder it is and stays; ``.car-video/journal.jsonl``
    holds the finished frames while the run is under way and goes when it is complete, as does
    ``.car-video/state.safetensors``: what the segmenter knew after one of them.

    Made by :meth:`open`.

    Attributes:
        path: of the folder.
        info: of the run.
        done: frames that an earlier part of the run has finished, by index; their masks are
            read when asked for.
    """

    def __init__(
        self,
        path: Path,
        info: OutputInfo,
        journal: Journal,
        created: bool,
        record: Mapping[str, Any],
    ) -> None:
        self.path = path
        self.info = info
        self._run = record
        self.done: Mapping[int, FramePrediction] = DoneFrames(journal, info.expressions)
        self._journal = journal
        self._created = created

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
        record = _record(info, options or {})
        created = not path.exists()
        hidden = path / _HIDDEN
        if mode == "resume" and (hidden / "run.json").exists():
            _compare(path, _read_record(path), record)
        with writing(path):
            if mode == "overwrite":
                for file in list(_own_files(path)):
                    file.unlink(missing_ok=True)
            for file in list(_own_files(path)):
                if file.name.endswith(".part"):  # what a killed run was writing
                    file.unlink(missing_ok=True)
            hidden.mkdir(parents=True, exist_ok=True)
        write_whole(hidden / "run.json", json.dumps(record, indent=1).encode("ascii"))
        return cls(path, info, _open_journal(path), created, record)

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
        self._run = {**self._run, "expressions": list(expressions)}
        write_whole(
            self.path / _HIDDEN / "run.json", json.dumps(self._run, indent=1).encode("ascii")
        )

    def save_state(self, data: bytes) -> None:
        """Keep what the next frame depends on. Raises OutputError."""
        write_whole(self._state, data)

    def load_state(self) -> bytes | None:
        """What :meth:`save_state` has kept last, if anything. Raises OutputError."""
        with writing(self._state):
            return self._state.read_bytes() if self._state.exists() else None

    @property
    def _state(self) -> Path:
        return self.path / _HIDDEN / _STATE

    def write_predictions(self) -> Path:
        """``predictions.json`` of all finished frames, from the journal.

        Raises:
            OutputError: the disk does not take it.
        """
        path = self.path / "predictions.json"
        write_predictions(path, self.info, *self._journal.entries())
        return path

    def close(self, complete: bool) -> None:
        """Let go of the folder.

        Args:
            complete: the run is over, journal and state go; else they stay for a resume. A
                folder that was made for this run and has no finished frame is removed.
        """
        self._journal.close()
        if complete:
            remove(self._journal.path)
            remove(self._state)
        elif self._created and not self.done and not self._journal.appended:
            self._discard()

    def _discard(self) -> None:
        with writing(self.path):
            for file in list(_own_files(self.path)):
                file.unlink(missing_ok=True)
            for folder in (*(self.path / name for name in (*FOLDERS, _HIDDEN)), self.path):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()


def check_output(path: str | Path, mode: ExistingFolder = "new") -> None:
    """Say early whether :meth:`OutputFolder.open` can work; changes nothing.

    Raises:
        OutputError: the path is no folder, is there already (mode ``new``), holds files that
            only look like ours, or cannot be written.
    """
    path = Path(path)
    with writing(path):
        if path.exists():
            _check_existing(path, mode)
        nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
        if not nearest.is_dir():
            raise OutputError(f"'{nearest}' is a file, not a folder; choose another --out")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise OutputError(f"no permission to write in '{nearest}'; choose another --out")


def default_folder(source: str) -> Path:
    """``clip_car`` for ``/videos/clip.mp4``; cameras and addresses give a name as well."""
    if re.match(r"\w{2,}:", source):  # webcam:0, rtsp://user:password@host/live?x=y
        address = source.split("?")[0].split("@")[-1].split("://")[-1]
        stem = re.sub(r"[^\w.\-]+", "_", address).strip("._")
    else:
        path = Path(source).resolve()
        stem = path.name if path.is_dir() else path.stem
    return Path(f"{stem or 'video'}_car")


def _check_existing(path: Path, mode: ExistingFolder) -> None:
    if not path.is_dir():
        raise OutputError(f"'{path}' is a file, not a folder; choose another --out")
    if mode == "new":
        raise OutputError(
            f"output folder '{path}' exists; --resume continues it, --overwrite replaces its "
            "results, --out names another one"
        )
    if not (path / _HIDDEN / "run.json").exists():
        alien = next((f for f in _own_files(path)), None)
        if alien is not None:
            raise OutputError(
                f"'{alien}' is in the way and car-video has no record of writing it; choose "
                "another --out"
            )


def _open_journal(path: Path) -> Journal:
    """The journal of an unfinished run, or that of a finished one made from its results."""
    journal, results = path / _HIDDEN / "journal.jsonl", path / "predictions.json"
    if not journal.exists() and results.exists():
        with writing(journal):
            with part_of(journal).open("wb") as file:
                file.writelines(line + b"\n" for line in frame_lines(results))
            os.replace(part_of(journal), journal)
    return Journal(journal)


def _own_files(path: Path) -> Iterator[Path]:
    """Files in the folder that bear names of ours; links are not followed."""
    hidden = path / _HIDDEN
    candidates = [path / name for name in FILES] + [
        hidden / "journal.jsonl",
        hidden / "run.json",
        hidden / _STATE,
    ]
    for file in candidates:
        for name in (file, part_of(file)):
            if name.is_file() or name.is_symlink():
                yield name
    for folder in (path / name for name in FOLDERS):
        if folder.is_dir() and not folder.is_symlink():
            yield from (f for f in sorted(folder.iterdir()) if _FRAME_FILE.fullmatch(f.name))


def _record(info: OutputInfo, options: Mapping[str, Any]) -> dict[str, Any]:
    source = Path(info.source)
    record = {
        "format": _FORMAT,
        "source": source.name or info.source,
        "bytes": source.stat().st_size if source.is_file() else None,
        "size": [info.width, info.height],
        "model": info.model,
        "expressions": list(info.expressions),
        "options": dict(options),
    }
    plain: dict[str, Any] = json.loads(json.dumps(record))  # tuples become lists, as on disk
    return plain


def _read_record(path: Path) -> dict[str, Any]:
    file = path / _HIDDEN / "run.json"
    with writing(file):
        try:
            record = json.loads(file.read_bytes())
        except ValueError:
            record = None
    if not isinstance(record, dict) or record.get("format") != _FORMAT:
        raise OutputError(
            f"'{file}' is damaged or of another version; --overwrite replaces the results"
        )
    return record


def _compare(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raises OutputError naming what differs between the run on disk and this one."""
    names = {"bytes": "source", "size": "picture size"}
    other = [names.get(k, k) for k in new if k != "options" and old.get(k) != new[k]]
    before, now = old.get("options", {}), new["options"]
    other += [k for k in sorted({*before, *now}) if before.get(k) != now.get(k)]
    if other:
        raise OutputError(
            f"'{path}' holds a run that differs in {', '.join(dict.fromkeys(other))}; "
            "--overwrite replaces it, --out names another folder"
        )
