"""Masks of a sequence from JSON: car-video's own file, or a list of RLE records."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from . import rle
from .files import read_json
from .videos import Video

LabelMaps = NDArray[np.uint8]
Record = Mapping[str, Any]

_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
_IDS = range(1, 255)  # 0 is the background, 255 void


@dataclass(frozen=True)
class Place:
    """Whose predictions are wanted: an annotator's; ``sole`` if no other is scored."""

    annotator: str
    sole: bool


@dataclass(frozen=True)
class Wanted:
    """What a sequence must hold.

    Attributes:
        video: frames in order.
        size: height and width of the ground truth.
        objects: ids of the annotation, ascending.
        expressions: one per object.
        any_ids: ids need not be those of the annotation (unsupervised task).
    """

    video: Video
    size: tuple[int, int]
    objects: tuple[int, ...]
    expressions: tuple[str, ...]
    any_ids: bool = False


@dataclass(frozen=True)
class ScoredMask:
    """bool [H, W] of an object with its score."""

    identity: int
    mask: NDArray[np.bool_]
    score: float


def label_map(masks: Sequence[ScoredMask], size: tuple[int, int]) -> NDArray[np.uint8]:
    """uint8 [H, W]: a pixel goes to the mask with the higher score, then to the lower id."""
    labels = np.zeros(size, np.uint8)
    for item in sorted(masks, key=lambda item: (-item.score, item.identity)):
        labels[item.mask & (labels == 0)] = item.identity
    return labels


def from_own_json(path: Path, wanted: Wanted) -> LabelMaps:
    """car-video's ``predictions.json``.

    Frames are found by ``file`` and ``index`` where an entry has them, else by their place in
    the list; objects by their expression.

    Raises:
        DataError: another form; a frame that is missing, there twice or none of the sequence;
            expressions of something else; an object that is missing or there twice in a frame.
    """
    data = read_json(path, "predictions")
    try:
        expressions, frames = data["expressions"], data["frames"]
        if not isinstance(expressions, list) or not isinstance(frames, list):
            raise TypeError("'expressions' and 'frames' must be lists")
        texts = [_comparable(text) for text in expressions]
    except _MALFORMED as error:
        raise DataError(f"'{path}' is no predictions.json ({error!r}); see the docs") from None
    ordered = _in_order(path, frames, wanted.video)
    identities = _identities(path, texts, wanted)
    labels = []
    for name, frame in zip(wanted.video.frames, ordered, strict=True):
        where = f"'{path}' frame '{name}'"
        try:
            masks = _objects(frame["objects"], texts, identities, wanted.size, where)
        except _MALFORMED as error:
            raise DataError(f"{where}: malformed object ({error!r}); write it anew") from None
        labels.append(label_map(masks, wanted.size))
    return np.stack(labels)


def _in_order(path: Path, frames: Sequence[Any], video: Video) -> list[Any]:
    """The entries of ``frames`` in the order of the sequence, one for each of its frames."""
    found: dict[int, Any] = {}
    for place, entry in enumerate(frames):
        try:
            number = _frame_number(entry, place, video.frames)
        except _MALFORMED as error:
            raise DataError(
                f"'{path}' entry {place} of 'frames': {_said(error)}; predict the pictures of "
                f"the data set, all of them (no --start, --end, --stride)"
            ) from None
        if number in found:
            raise DataError(f"'{path}' has frame '{video.frames[number]}' twice; write it anew")
        found[number] = entry
    missing = [name for number, name in enumerate(video.frames) if number not in found]
    if missing:
        raise DataError(
            f"'{path}' has {len(frames)} frames, '{video.name}' {len(video.frames)}; frame "
            f"'{missing[0]}' is missing; predict every frame (no --stride, --start, --end)"
        )
    return [found[number] for number in range(len(video.frames))]


def _frame_number(entry: Record, place: int, names: Sequence[str]) -> int:
    """Which frame of the sequence an entry of ``frames`` is of.

    Raises:
        ValueError, TypeError: none, or ``file`` and ``index`` are of different frames.
    """
    file, index = entry.get("file"), entry.get("index")
    if index is not None and (not isinstance(index, int) or isinstance(index, bool)):
        raise TypeError(f"index {index!r} is no whole number")
    if file is not None:
        if not isinstance(file, str) or (stem := PurePath(file).stem) not in names:
            raise ValueError(
                f"file {file!r:.60} is no frame of the sequence, whose frames are "
                f"'{names[0]}' to '{names[-1]}'"
            )
        number = names.index(stem)
        if index is not None and index != number:
            raise ValueError(
                f"file {file!r:.60} is frame {number} of the sequence, but its index is {index}"
            )
        return number
    number = place if index is None else index
    if not 0 <= number < len(names):
        raise ValueError(f"frame {number} is beyond the sequence's 0 to {len(names) - 1}")
    return number


def _objects(
    entries: Sequence[Record],
    texts: Sequence[str],
    identities: Mapping[int, int],
    size: tuple[int, int],
    where: str,
) -> list[ScoredMask]:
    """Masks of one frame, of the objects that are present.

    Raises:
        DataError: an expression that the file does not have; an object that is missing or
            there twice.
    """
    seen: set[int] = set()
    masks = []
    for entry in entries:
        position, present = entry["expression"], entry.get("present", True)
        if type(position) is not int or not 0 <= position < len(texts):
            raise DataError(
                f"{where}: expression {position!r:.40} is none of the file's, which are 0 to "
                f"{len(texts) - 1} (whole numbers, from 0); write it anew"
            )
        if position in seen:
            raise DataError(f"{where} has expression {position} twice; keep one object")
        if not isinstance(present, bool):
            raise DataError(
                f"{where}: present of expression {position} is {present!r:.40}; it must be "
                f"true or false"
            )
        seen.add(position)
        if position in identities and present:
            mask = rle.decode(entry["segmentation"], size, where)
            masks.append(ScoredMask(identities[position], mask, score_of(entry)))
    for position in identities:
        if position not in seen:
            raise DataError(
                f"{where} has no object of expression {position} '{texts[position][:60]}'; "
                f"one that is absent needs an object with present false"
            )
    return masks


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def score_of(entry: Record) -> float:
    """The score of a record, 1 where it has none.

    Raises:
        ValueError: not a finite number (one that is not would win or lose every pixel).
    """
    if isinstance(entry.get("score"), bool):
        raise ValueError(f"score {entry['score']} is no number")
    score = float(entry.get("score", 1.0))
    if not math.isfinite(score):
        raise ValueError(f"score {score} is not finite")
    return score


def whole(value: object) -> int:
    """A whole number of a record; a text of digits will do, 1.5 and true will not.

    Raises:
        ValueError, TypeError: something else.
    """
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)  # type: ignore[call-overload]


def _comparable(text: object) -> str:
    return " ".join(str(text).lower().split())


def _identities(path: Path, texts: Sequence[str], wanted: Wanted) -> dict[int, int]:
    """Position of an expression in the file -> object; equal sentences in order."""
    found: dict[int, int] = {}
    for identity, expression in zip(wanted.objects, wanted.expressions, strict=True):
        key = _comparable(expression)
        position = next((i for i, t in enumerate(texts) if t == key and i not in found), None)
        if position is None:
            raise DataError(
                f"'{path}' has no expression '{expression[:60]}' (object {identity}); run "
                f"car-video with the data set's sentences"
            )
        found[position] = identity
    return found


@lru_cache(maxsize=2)
def load_records(path: Path) -> tuple[Record, ...]:
    """A JSON file that holds a list of objects; parsed once per process."""
    data = read_json(path, "predictions")
    if not isinstance(data, list) or not all(isinstance(entry, Mapping) for entry in data):
        held = " (the list under 'annotations' alone)" if _is_coco(data) else ""
        raise DataError(f"'{path}' is not a JSON list of records{held}; see docs/benchmarks.md")
    return tuple(data)


def _is_coco(data: object) -> bool:
    return isinstance(data, Mapping) and "annotations" in data


def _sequence_of(entry: Record) -> str:
    return str(entry.get("sequence", entry.get("video")))


def sequence_records(path: Path, place: Place, name: str) -> list[Record]:
    """Records of one sequence; those without an annotator belong to the only one."""
    default = place.annotator if place.sole else ""
    return [
        entry
        for entry in load_records(path)
        if _sequence_of(entry) == name
        and str(entry.get("annotator", default)) == place.annotator
    ]


def left_over(path: Path, known: Collection[tuple[str, str]], sole: str | None) -> list[str]:
    """What the records name that is not scored, as sequence and annotator.

    Args:
        path: JSON file of records.
        known: pairs (annotator, sequence) of the data set.
        sole: the only annotator, to which records without one belong.
    """
    named: dict[str, None] = {}
    for entry in load_records(path):
        name, annotator = _sequence_of(entry), entry.get("annotator", sole)
        if (str(annotator), name) not in known:
            named[f"{name!r:.60} of {annotator!r:.40}"] = None
    return list(named)


def from_records(path: Path, records: Sequence[Record], wanted: Wanted) -> LabelMaps:
    """``{"sequence", "object", "annotator"?, "score"?, "segmentations": [RLE or null]}``.

    Raises:
        DataError: an object that is unknown, there twice or missing, another number of frames,
            a malformed record.
    """
    where = f"'{path}' sequence '{wanted.video.name}'"
    known = _IDS if wanted.any_ids else wanted.objects
    found: dict[int, tuple[list[Any], float]] = {}
    for entry in records:
        try:
            identity, codes = whole(entry["object"]), entry["segmentations"]
            score = score_of(entry)
            if not isinstance(codes, list):
                raise TypeError("segmentations is not a list")
        except _MALFORMED as error:
            raise DataError(f"{where}: malformed record ({error!r}); see the docs") from None
        if identity not in known:
            ids = ", ".join(map(str, wanted.objects))
            raise DataError(f"{where}: unknown object id {identity}, the annotation has {ids}")
        if len(codes) != len(wanted.video.frames):
            raise DataError(
                f"{where}: object {identity} has {len(codes)} frames, the sequence "
                f"{len(wanted.video.frames)}; give null for frames without the object"
            )
        if identity in found:
            raise DataError(f"{where} has two records of object {identity}; keep one")
        found[identity] = codes, score
    missing = [i for i in wanted.objects if i not in found and not wanted.any_ids]
    if missing:
        raise DataError(
            f"{where} has no record of object {missing[0]}; add it (null for every frame "
            f"without the object) or correct its sequence or annotator"
        )
    return np.stack(
        [
            label_map(
                [
                    ScoredMask(
                        identity,
                        rle.decode(codes[number], wanted.size, f"{where} frame {number}"),
                        score,
                    )
                    for identity, (codes, score) in found.items()
                ],
                wanted.size,
            )
            for number in range(len(wanted.video.frames))
        ]
    )
