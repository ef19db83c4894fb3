"""Which folder a run may write into, and which files in it are ours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from car_video.errors import OutputError
from car_video.io.export_catalog import saved_files
from car_video.io.readers.folders import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from car_video.io.readers.sources import parse_source
from car_video.io.writers.atomic_files import part_of, writing
from car_video.io.writers.folder_lock import check_free
from car_video.io.writers.frame_digests import DIGESTS
from car_video.io.writers.masks import FOLDER as MASKS
from car_video.io.writers.predictions import RESULTS
from car_video.io.writers.registry import TARGETS
from car_video.io.writers.run_record import RECORD, public_name

ExistingFolder = Literal["new", "overwrite", "resume"]
"""What to do with a folder that is there: refuse it, replace its results, go on with them."""

JOURNAL = Path(".car-video") / "journal.jsonl"
FINISHED = Path(".car-video") / "finished.jsonl"
STATE = Path(".car-video") / "state.safetensors"

_FRAME_FILE = re.compile(r"\.?\d{5,}\.png(\.part)?")
_FILE_SUFFIXES = IMAGE_SUFFIXES | VIDEO_SUFFIXES | {".json", ".csv", ".txt", ".zip"}


def check_output(path: str | Path, mode: ExistingFolder = "new") -> None:
    """Say early whether :meth:`OutputFolder.open` can work; changes nothing.

    Raises:
        OutputError: the path is no folder or named like a file, is there already (mode
            ``new``), is in use, holds files that only look like ours, has lost what a
            run goes on from, or cannot be written.
    """
    path = Path(path)
    with writing(path):
        if path.exists():
            _check_existing(path, mode)
        elif path.suffix.lower() in _FILE_SUFFIXES:
            raise OutputError(
                f"'{path}' is the name of a file; --out names a folder, in which overlay.mp4 "
                f"and the other results are made: --out {path.with_suffix('')}"
            )
        nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
        if not nearest.is_dir():
            raise OutputError(f"'{nearest}' is a file, not a folder; choose another --out")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise OutputError(f"no permission to write in '{nearest}'; choose another --out")
        check_free(path)


def default_folder(
    source: str, mode: ExistingFolder = "new", clips: Sequence[str] = ("",)
) -> Path:
    """Where the results of a source go when nothing is said, in the current folder.

    ``clip_car`` for ``/videos/clip.mp4``; cameras and addresses give a name as well. A new run
    gets the first name of ``clip_car``, ``clip_car-2``, ``clip_car-3``, ... that is free.
    Otherwise it is the one that holds a run; of several, for ``resume``, the only one whose
    run is not complete. Where none holds a run, it is the first free name.

    Args:
        source: as the command line names it.
        mode: what to do with a folder that is there.
        clips: where the source is a folder of clips, the folders in its output folder that
            hold a run each.

    Raises:
        OutputError: an existing run is wanted and it is not clear which.
    """
    first = Path(f"{_stem(source)}_car")
    runs = [] if mode == "new" else [path for path in _numbered(first) if _runs(path, clips)]
    if not runs:
        return _free(first)
    if len(runs) == 1:
        return runs[0]
    stopped = [path for path in runs if not _complete(path, clips)]
    if mode == "resume" and len(stopped) == 1:
        return stopped[0]
    names = ", ".join(f"'{path}'" for path in runs)
    raise OutputError(f"there are runs in {names}; say which is meant with --out")


def own_files(path: Path) -> Iterator[Path]:
    """Files in the folder that bear names of ours; links are not followed."""
    names = [Path(name) for target in TARGETS.values() for name in target.files]
    names += [Path(name) for name in saved_files()]
    own = (*names, JOURNAL, FINISHED, RECORD, STATE, DIGESTS)
    for file in (path / name for name in own):
        for name in (file, part_of(file)):
            if name.is_file() or name.is_symlink():
                yield name
    for folder in own_folders(path):
        if folder.is_dir() and not folder.is_symlink():
            yield from (f for f in sorted(folder.iterdir()) if _FRAME_FILE.fullmatch(f.name))


def own_folders(path: Path) -> list[Path]:
    """Folders of ours in the folder, there or not."""
    return [path / name for target in TARGETS.values() for name in target.folders]


def _check_existing(path: Path, mode: ExistingFolder) -> None:
    if not path.is_dir():
        raise OutputError(f"'{path}' is a file, not a folder; choose another --out")
    if mode == "new":
        raise OutputError(
            f"output folder '{path}' exists; --resume continues it, --overwrite replaces its "
            "results, --out names another one"
        )
    if not (path / RECORD).exists():
        alien = next(own_files(path), None)
        if alien is not None:
            raise OutputError(
                f"'{alien}' is in the way and car-video has no record of writing it; choose "
                "another --out"
            )
    elif mode == "resume" and _has_masks_only(path):
        raise OutputError(
            f"'{path}' has masks, but no {RESULTS} any more to go on from; put it back, or "
            "start over with --overwrite"
        )


def _has_masks_only(path: Path) -> bool:
    """Whether a run would compute frames again and write over masks that may be edited."""
    kept = any((path / name).exists() for name in (JOURNAL, FINISHED, RESULTS))
    return not kept and any(file.parent == path / MASKS for file in own_files(path))


def _runs(path: Path, clips: Sequence[str]) -> list[Path]:
    """Those of the folders of ``clips`` in ``path`` that hold a run."""
    return [path / clip for clip in clips if (path / clip / RECORD).exists()]


def _complete(path: Path, clips: Sequence[str]) -> bool:
    """Whether each of ``clips`` has a run that has come to its end."""
    runs = _runs(path, clips)
    return len(runs) == len(clips) and not any((run / JOURNAL).exists() for run in runs)


def _free(first: Path) -> Path:
    """The first name of ``clip_car``, ``clip_car-2``, ``clip_car-3``, ... that is free."""
    number, path = 1, first
    while os.path.lexists(path):
        number += 1
        path = Path(f"{first}-{number}")
    return path


def _numbered(first: Path) -> list[Path]:
    """``clip_car``, ``clip_car-2``, ... as far as they are there, by number."""
    pattern = re.compile(re.escape(first.name) + r"(?:-(\d+))?")
    found = [(m[1], p) for p in first.parent.iterdir() if (m := pattern.fullmatch(p.name))]
    return [path for _, path in sorted(found, key=lambda pair: int(pair[0] or 1))]


def _stem(source: str) -> str:
    if re.match(r"\w{2,}:", source) and not os.path.lexists(source):
        # webcam:0, rtsp://user:password@host/live?x=y
        address = public_name(source).split("://", 1)[-1]
        stem = re.sub(r"[^\w.\-]+", "_", address).strip("._")
    else:
        path = Path(parse_source(source).value).resolve()
        stem = path.name if path.is_dir() else path.stem
    return stem or "video"
