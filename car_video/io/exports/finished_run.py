"""What a run has found, read frame by frame, from its folder or from predictions in memory."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from car_video.errors import DataError, OutputError
from car_video.io.formats import from_frame_dict
from car_video.io.writers.edited_masks import EditedMasks
from car_video.io.writers.folder_choice import FINISHED, JOURNAL
from car_video.io.writers.folder_lock import check_free
from car_video.io.writers.predictions import RESULTS, frame_lines, read_head
from car_video.io.writers.video import timescale
from car_video.types import FramePrediction

_LARGEST_INDEX = 2**31 - 1
"""Of a frame: two years of video at 30 pictures per second; formats hold numbers of 32 bits."""


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """A frame of a run, without its masks.

    Attributes:
        index: number in the source.
        time: seconds from the start of the source.
        file: name of its picture, where the source is pictures; else empty.
    """

    index: int
    time: float
    file: str = ""


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """Frames with their masks, as often as they are asked for.

    Attributes:
        source: as the user named it; empty where it is not known.
        folder: of the run; None where the predictions are in memory.
        width: of the pictures, in pixels.
        height: of the pictures, in pixels.
        rate: nominal pictures per second, exact (30000/1001); 25 where the source has none.
        model: name of the model; empty where it is not known.
        expressions: Q sentences.
        entries: all frames, by rising index.
        read: gives the predictions of all frames, in that order.
    """

    source: str
    folder: Path | None
    width: int
    height: int
    rate: Fraction
    model: str
    expressions: tuple[str, ...]
    entries: tuple[FrameEntry, ...]
    read: Callable[[], Iterator[FramePrediction]]

    def __post_init__(self) -> None:
        for number, text in enumerate(self.expressions, 1):
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:
                raise DataError(f"expression {number} is no valid Unicode text") from None

    @property
    def name(self) -> str:
        """Of the source, without folders and ending, as any file system and XML take it."""
        stem = Path(self.source_text.replace("\\", "/")).stem
        plain = "".join(c if c.isprintable() else "_" for c in stem)
        return plain if plain.strip(".") else "video"

    @property
    def source_text(self) -> str:
        """The source as text: bytes of a file's name that are no UTF-8 are replaced."""
        return valid_text(self.source)

    def predictions(self, one_size: str = "") -> Iterator[FramePrediction]:
        """All frames.

        Args:
            one_size: name of a format in which all frames must have one size; empty allows
                several.

        Raises:
            OutputError: a frame has another size, or cannot be read.
        """
        for prediction in self.read():
            height, width = prediction.masks.shape[1:]
            if one_size and (width, height) != (self.width, self.height):
                raise OutputError(
                    f"frame {prediction.index} has {width}x{height} pixels, the first one "
                    f"{self.width}x{self.height}; {one_size} wants one size"
                )
            yield prediction

    def numbers(self, start: int | None = None) -> list[int]:
        """The number of each frame: in the source, or counted on from ``start``."""
        if start is None:
            return [entry.index for entry in self.entries]
        return [start + place for place in range(len(self.entries))]

    def picture_names(self, start: int | None = None) -> list[str]:
        """What the picture of each frame is called, as ``convert --to frames`` writes it.

        Pictures that are files of their own keep their names, unless they are counted anew.
        """
        pairs = zip(self.entries, self.numbers(start), strict=True)
        return [e.file if e.file and start is None else f"{n:05d}.jpg" for e, n in pairs]

    def stems(self, format: str, start: int | None = None) -> list[str]:
        """The names of the pictures without endings, all different.

        Raises:
            OutputError: two differ by their endings only.
        """
        stems = [Path(name).stem for name in self.picture_names(start)]
        twice = next((stem for stem, count in Counter(stems).items() if count > 1), None)
        if twice is not None:
            raise OutputError(
                f"two pictures are called '{twice}' but for their endings, which {format} does "
                "not tell apart; count them anew with --start-number"
            )
        return stems

    @classmethod
    def of(
        cls, predictions: Iterable[FramePrediction], source: str = "", fps: float | None = None
    ) -> FinishedRun:
        """Predictions in memory.

        Args:
            predictions: of one video, in order; they are kept.
            source: name of the video.
            fps: its frames per second; None takes it from times and indices.

        Raises:
            DataError: none at all, indices that do not rise, expressions that change.
        """
        kept = tuple(predictions)
        if not kept:
            raise DataError("no predictions to export")
        for before, after in pairwise(kept):
            if after.index <= before.index:
                raise DataError(f"frame {after.index} comes after frame {before.index}")
            if after.expressions != before.expressions:
                raise DataError(f"frame {after.index} has other expressions than the first one")
        first, last = kept[0], kept[-1]
        if fps is None and last.time > first.time:
            fps = (last.index - first.index) / (last.time - first.time)
        height, width = first.masks.shape[1:]
        return cls(
            source=source,
            folder=None,
            width=width,
            height=height,
            rate=timescale(fps or math.nan)[0],
            model="",
            expressions=first.expressions,
            entries=tuple(FrameEntry(p.index, p.time) for p in kept),
            read=lambda: iter(kept),
        )


def valid_text(text: str) -> str:
    """Text without half surrogates, as which Python keeps bytes that are no UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def open_run(folder: str | Path, unfinished: bool = False) -> FinishedRun:
    """The run in a folder.

    Masks that the user has edited since count as they do for ``--resume``: a file in ``masks/``
    that is newer than ``predictions.json`` and says something else goes before it.

    Args:
        folder: that a run has written, with its ``predictions.json``.
        unfinished: takes one that was stopped, too.

    Raises:
        OutputError: no such run, one that is under way or not finished, one without results.
    """
    folder = Path(folder)
    results = folder / RESULTS
    if folder.name == RESULTS and folder.is_file():
        folder, results = folder.parent, folder
    if not folder.is_dir():
        raise OutputError(f"no folder '{folder}'; give the output folder of a run")
    if not unfinished:
        check_free(folder)
        if (folder / JOURNAL).exists():
            raise OutputError(
                f"the run in '{folder}' is not finished; go on with --resume (with "
                "--max-frames for no more than there is)"
            )
    if not results.is_file():
        why = "give the output folder of a run"
        if (folder / FINISHED).exists():
            why = "make it with --resume --save json, which computes no masks anew"
        raise OutputError(f"'{folder}' has no {RESULTS}; {why}")
    head, expressions = _head(results)
    entries = tuple(_entries(results, expressions))
    if not entries:
        raise OutputError(f"'{results}' has no frames; there is nothing to export")
    fps = head.get("fps")
    return FinishedRun(
        source=str(head.get("source") or ""),
        folder=folder,
        width=head["width"],
        height=head["height"],
        rate=timescale(fps if isinstance(fps, int | float) else math.nan)[0],
        model=str(head.get("model") or ""),
        expressions=expressions,
        entries=entries,
        read=lambda: _predictions(folder, results, expressions),
    )


def _head(results: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What stands before the frames: the video's entry with the model's name, expressions."""
    data = read_head(results)
    try:
        video, expressions = dict(data["video"]), data["expressions"]
        sizes = [video[key] for key in ("width", "height")]
        if not all(type(size) is int and size > 0 for size in sizes):
            raise ValueError
        if not (expressions and all(isinstance(text, str) for text in expressions)):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise OutputError(
            f"'{results}' is no result of a run with expressions; it has to be what car-video "
            "has written (results of --labels are in COCO's form already)"
        ) from None
    return {**video, "model": data.get("model")}, tuple(expressions)


def _entries(results: Path, expressions: tuple[str, ...]) -> Iterator[FrameEntry]:
    last = -1
    for entry in _objects(results, expressions):
        file = valid_text(str(entry.get("file") or ""))
        found = FrameEntry(entry.get("index"), entry.get("time"), file)  # type: ignore[arg-type]  # checked next
        if type(found.index) is not int or not _is_time(found.time):
            raise OutputError(f"'{results}' has a frame without index or time; put it right")
        if found.index > _LARGEST_INDEX:
            raise OutputError(
                f"'{results}' has frame {found.index}, which is no number of a frame"
            )
        if found.index <= last:
            raise OutputError(
                f"'{results}' has frame {found.index} after frame {last}; put it right"
            )
        if Path(found.file).name != found.file:
            raise OutputError(f"'{results}' has a file name with folders: '{found.file}'")
        last = found.index
        yield found


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and -math.inf < value < math.inf


def _objects(results: Path, expressions: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    for line in frame_lines(results, expressions):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            raise OutputError(f"'{results}' is damaged; make it anew with --resume or a copy")
        yield entry


def _predictions(
    folder: Path, results: Path, expressions: tuple[str, ...]
) -> Iterator[FramePrediction]:
    edits = EditedMasks(folder / "masks", results)
    for entry in _objects(results, expressions):
        try:
            found = from_frame_dict(entry, expressions)
        except DataError as error:
            raise OutputError(f"'{results}': {error}") from None
        yield edits.apply(found)
