"""The pictures of a run's source, read again for exports that show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from car_video.errors import CarVideoError, OutputError
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.timecode import advance, source_timecode
from car_video.io.readers import read_frames
from car_video.io.readers.sources import path_of_address
from car_video.io.writers.run_record import RECORD, read_record
from car_video.io.writers.source_identity import identify
from car_video.types import Frame, FramePrediction


@dataclass(frozen=True, slots=True)
class Source:
    """Where the pictures of a run are, and what its container says of them.

    Attributes:
        path: of the file or folder.
        timecode: of the first picture of the run, None where the source has none.
    """

    path: Path
    timecode: str | None


def find_source(run: FinishedRun, given: str | None) -> Source:
    """The source of a run, under its old name or where the user says that it is.

    Raises:
        OutputError: it is not there, or is another one.
    """
    path = _path(run, given)
    if path is None:
        name = f"'{run.source}'" if run.source else "of predictions in memory"
        raise OutputError(
            f"the source {name} is not there; say where it is with --source, or leave its "
            "pictures out where the format can (--fill white, hard edges)"
        )
    _check_same(run, path)
    timecode = source_timecode(path)
    if timecode is not None:
        timecode = advance(timecode, run.entries[0].index, run.rate)
    return Source(path, timecode)


def find_timecode(run: FinishedRun, given: str | None) -> str | None:
    """The timecode of the first picture of a run, where its source is there and has one."""
    if given is None and _path(run, None) is None:
        return None
    return find_source(run, given).timecode


def with_pictures(
    run: FinishedRun, source: Source, format: str
) -> Iterator[tuple[Frame, FramePrediction]]:
    """Every frame of a run with its picture.

    Raises:
        OutputError: the source cannot be read or has other frames.
    """
    entries = run.entries
    try:
        with read_frames(source.path, start=max(0.0, entries[0].time)) as reader:
            for prediction in run.predictions(one_size=format):
                frame = next((f for f in reader if f.index >= prediction.index), None)
                if frame is None or frame.index != prediction.index:
                    raise OutputError(
                        f"'{source.path}' has no frame {prediction.index} as the run has; is "
                        "it the same source?"
                    )
                if frame.image.shape[:2] != prediction.masks.shape[1:]:
                    raise OutputError(
                        f"'{source.path}' has {frame.width}x{frame.height} pixels, its masks "
                        f"{run.width}x{run.height}; is it the same source?"
                    )
                yield frame, prediction
    except CarVideoError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(str(error)) from None


def white(run: FinishedRun, format: str) -> Iterator[tuple[Frame, FramePrediction]]:
    """Every frame of a run with a white picture."""
    image = np.full((run.height, run.width, 3), 255, np.uint8)
    for prediction in run.predictions(one_size=format):
        yield Frame(prediction.index, prediction.time, image), prediction


def pixel_aspect(source: Source) -> Fraction:
    """Width of a pixel divided by its height."""
    with read_frames(source.path, max_frames=1) as reader:
        return reader.info.sample_aspect_ratio


def _path(run: FinishedRun, given: str | None) -> Path | None:
    """Where the source is, None where its name says nothing of a path or leads nowhere."""
    if given is not None:
        path = Path(given).expanduser()
        if not path.exists():
            raise OutputError(f"no source '{given}'; check --source")
        return path
    if not run.source or re.match(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:", run.source):
        return None
    is_address = run.source.startswith("file://")
    named = Path(path_of_address(run.source) if is_address else run.source)
    places = (
        [named]
        if named.is_absolute() or run.folder is None
        else [
            named,
            run.folder.absolute().parent / named.name,
            run.folder.absolute().parent / named,
        ]
    )
    return next((place for place in places if place.exists()), None)


def _check_same(run: FinishedRun, path: Path) -> None:
    """Raises OutputError where this is not what the run was made from, as far as is known."""
    if run.folder is None or not (run.folder / RECORD).exists():
        return
    before, now = read_record(run.folder)["source"], identify(run.source, path)
    if any(before.get(key) != now.get(key) for key in ("bytes", "digest")):
        raise OutputError(f"'{path}' is not what the run was made from; give it with --source")
