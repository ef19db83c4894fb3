"""A project: the clip and everything that has been made of it, in one zip.

Unpacked it is a folder that ``car-video convert`` takes, with the clip beside it.
"""

from __future__ import annotations

import json
import lzma
import re
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from car_video.corrections import Correction, check_together
from car_video.errors import CarVideoError, ConfigError, CorrectionError, OutputError
from car_video.io.corrections_file import as_entries, read_corrections
from car_video.io.exports import open_run
from car_video.io.readers import Selection
from car_video.io.writers.predictions import RESULTS
from car_video.page.clip import Clip, safe_name
from car_video.page.command import correction_files
from car_video.page.downloads import write_run, zip_files
from car_video.page.limits import Limits
from car_video.page.work import HandMade, Key, RunOptions, StoredFrame, Work
from car_video.text.parsing.wording import check_expressions

ABOUT, PENDING, MARKS = "project.json", "pending.json", "marks.json"
FORMAT = 1
_KNOWN = re.compile(r"(project|pending|marks|predictions|corrections-\d{1,4})\.json")
_SOURCE = re.compile(r"source/(pictures/)?[^/\\]+")
_LARGEST_PART = 2**20
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # encrypted, or nested without end
    NotImplementedError,  # packed in a way that is not known here
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    ConfigError,  # options that no run has
    CorrectionError,
)
"""What reading a zip that is damaged, or made by others, comes to."""


def save(folder: Path, clip: Clip, work: Work, model: str) -> Path:
    """Write a project.

    Args:
        folder: of the session.
        clip: that was worked on.
        work: what was made of it.
        model: name of the model.

    Returns:
        A zip in a folder of its own, whose name cannot be guessed.

    Raises:
        OutputError: the disk does not take it.
    """
    place = folder / "downloads" / secrets.token_urlsafe(24)
    parts = place / "parts"
    parts.mkdir(parents=True)
    try:
        options = None if work.options is None else asdict(work.options)
        about = {
            "format": FORMAT,
            "source": clip.path.name,
            "expressions": list(work.expressions),
            "options": options,
            "complete": work.complete,
        }
        (parts / ABOUT).write_text(json.dumps(about, indent=1), encoding="ascii")
        if work.frames:
            write_run(parts / RESULTS, clip, work, model)
        for name, data in correction_files(work).items():
            (parts / name).write_bytes(data)
        made = [work.pending[key] for key in sorted(work.pending)]
        _write(parts / PENDING, [one.correction for one in made])
        _write(parts / MARKS, [said for one in made if (said := one.said) is not None])
        files = [(file, file.name) for file in sorted(parts.iterdir())]
        target = place / f"{safe_name(clip.path.stem)}_project.zip"
        zip_files(target, [*files, *_source_files(clip)])
        return target
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def _write(file: Path, corrections: Sequence[Correction]) -> None:
    """A file of corrections; none where there are none."""
    if corrections:
        text = json.dumps({"corrections": as_entries(corrections)})
        file.write_text(text, encoding="ascii")


def is_project(path: Path) -> bool:
    """Whether a file looks like a project."""
    return path.suffix.lower() == ".zip" and zipfile.is_zipfile(path)


def load(path: Path, folder: Path, limits: Limits, presets: Sequence[str]) -> tuple[Clip, Work]:
    """Read a project.

    Args:
        path: of the zip.
        folder: to be made for the clip.
        limits: that the project has to keep.
        presets: names of settings that are known; another one is replaced by the first.

    Raises:
        CarVideoError: it is no project, damaged, or more than the page takes; nothing is left.
    """
    folder.mkdir(parents=True)
    clip: Clip | None = None
    try:
        with zipfile.ZipFile(path) as archive:
            _unpack(archive, folder, limits)
        about = json.loads((folder / ABOUT).read_bytes())
        if about["format"] != FORMAT:
            raise OutputError("This project is of another version of car-video.")
        limits.check_expressions(len(about["expressions"]))
        source = folder / "source" / safe_name(str(about["source"]))
        clip = Clip(source, limits)
        work = _work(about, folder, presets)
        _check_fit(work, clip)
        return clip, work
    except _DAMAGED as error:
        _give_up(clip, folder)
        raise OutputError(
            "This is no project of this page, or it is damaged; give one that 'Save project' "
            "has made."
        ) from error
    except BaseException:
        _give_up(clip, folder)
        raise


def _give_up(clip: Clip | None, folder: Path) -> None:
    if clip is not None:
        clip.close()
    shutil.rmtree(folder, ignore_errors=True)


def _unpack(archive: zipfile.ZipFile, folder: Path, limits: Limits) -> None:
    """Put the parts of a project, and nothing else, into a folder.

    Only names that a project has are taken, each below the folder; sizes are counted while
    they are unpacked, whatever the zip says of them.
    """
    left = limits.megabytes * 10**6
    names = [match for name in archive.namelist() if (match := _SOURCE.fullmatch(name))]
    limits.check_pictures(sum(match[1] is not None for match in names))
    (folder / "source" / "pictures").mkdir(parents=True)
    for member in archive.infolist():
        name = member.filename
        if _KNOWN.fullmatch(name):
            target = folder / name
        elif (match := _SOURCE.fullmatch(name)) is not None:
            target = folder / "source" / (match[1] or "") / safe_name(name)
        else:
            continue
        with archive.open(member) as packed, target.open("xb") as file:
            while part := packed.read(_LARGEST_PART):
                left -= len(part)
                if left < 0:
                    limits.check_bytes(limits.megabytes * 10**6 + 1)
                file.write(part)
    if not any((folder / "source" / "pictures").iterdir()):
        (folder / "source" / "pictures").rmdir()


def _work(about: dict[str, Any], folder: Path, presets: Sequence[str]) -> Work:
    expressions = tuple(check_expressions(about["expressions"])) if about["expressions"] else ()
    if len(set(expressions)) < len(expressions):
        raise ValueError("one expression twice")
    options = None if about["options"] is None else _options(about["options"], presets)
    if not isinstance(about["complete"], bool):
        raise TypeError("complete")
    frames = {}
    if (folder / RESULTS).exists():
        run = open_run(folder)
        if run.expressions != expressions:
            raise ValueError("other expressions")
        names = {entry.index: entry.file for entry in run.entries}
        frames = {p.index: StoredFrame.of(p, names[p.index]) for p in run.predictions()}
    if frames and options is None:
        raise ValueError("a run without its options")
    steps: list[tuple[Correction, ...]] = []
    while (file := folder / f"corrections-{len(steps) + 1}.json").exists():
        steps.append(tuple(_read(file, expressions)))
    marks = {_key(one, expressions): one for one in _read(folder / MARKS, expressions)}
    pending = {}
    for one in _read(folder / PENDING, expressions):
        said = marks.get(key := _key(one, expressions))
        pending[key] = (
            HandMade(one) if said is None else HandMade(one, tuple(said.points), said.box)
        )
    complete = about["complete"] and bool(frames)
    return Work(expressions, options, frames, complete, pending, tuple(steps))


def _options(given: dict[str, Any], presets: Sequence[str]) -> RunOptions:
    """Raises ConfigError or TypeError for what no run has."""
    options = RunOptions(**given)
    Selection(options.start, options.end, options.stride)
    if not isinstance(options.preset, str) or not isinstance(options.assume_present, bool):
        raise TypeError("preset or assume_present")
    return options if options.preset in presets else replace(options, preset=presets[0])


def _key(one: Correction, expressions: tuple[str, ...]) -> Key:
    return one.frame, one.number(expressions)


def _check_fit(work: Work, clip: Clip) -> None:
    """Raises ValueError where answers or corrections are of another clip."""
    corrections = [*(one for step in work.steps for one in step)]
    corrections += [made.correction for made in work.pending.values()]
    indices = {*work.frames, *(one.frame for one in corrections)}
    if not indices <= set(range(len(clip))):
        raise ValueError("frames of another clip")
    for index in list(work.frames)[:1]:
        if work.frames[index].prediction(work.expressions).masks.shape[1:] != _size(
            clip, index
        ):
            raise ValueError("masks of another clip")
    for one in corrections:
        one.check_size(*_size(clip, one.frame))


def _size(clip: Clip, index: int) -> tuple[int, int]:
    frame = clip.frame(index)
    return frame.height, frame.width


def _read(file: Path, expressions: tuple[str, ...]) -> list[Correction]:
    """Corrections of a file; none where it is not there."""
    if not file.exists():
        return []
    try:
        return check_together(read_corrections(file), expressions)
    except CarVideoError as error:
        raise ValueError("damaged corrections") from error


def _source_files(clip: Clip) -> list[tuple[Path, str]]:
    if clip.path.is_dir():
        files = sorted(path for path in clip.path.iterdir() if path.is_file())
        return [(path, f"source/pictures/{path.name}") for path in files]
    return [(clip.path, f"source/{clip.path.name}")]
