"""Masks of a sequence from JSON: car-video's own file, or a list of RLE records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
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


class Stack:
    """Label maps that are painted mask by mask; the best score keeps a pixel."""

    def __init__(self, wanted: Wanted) -> None:
        shape = (len(wanted.video.frames), *wanted.size)
        self.labels = np.zeros(shape, np.uint8)
        self._best = np.full(shape, -np.inf, np.float32)

    def paint(self, frame: int, identity: int, mask: NDArray[np.bool_], score: float) -> None:
        """Give ``mask`` to an object where it scores higher than what is there."""
        wins = mask & (score > self._best[frame])
        self.labels[frame][wins] = identity
        self._best[frame][wins] = score


def from_own_json(path: Path, wanted: Wanted) -> LabelMaps:
    """car-video's ``predictions.json``; objects are found by their expression.

    Raises:
        DataError: another form, another number of frames, expressions of something else.
    """
    data = read_json(path, "predictions")
    try:
        texts = [_comparable(text) for text in data["expressions"]]
        frames = list(data["frames"])
    except _MALFORMED as error:
        raise DataError(f"'{path}' is no predictions.json ({error!r}); see the docs") from None
    if len(frames) != len(wanted.video.frames):
        raise DataError(
            f"'{path}' has {len(frames)} frames, '{wanted.video.name}' "
            f"{len(wanted.video.frames)}; predict every frame (no --stride, --start, --end)"
        )
    identities = _identities(path, texts, wanted)
    stack = Stack(wanted)
    for number, frame in enumerate(frames):
        where = f"'{path}' frame {number}"
        try:
            for entry in frame["objects"]:
                identity = identities.get(entry["expression"])
                if identity is not None and entry.get("present", True):
                    mask = rle.decode(entry["segmentation"], wanted.size, where)
                    stack.paint(number, identity, mask, score_of(entry))
        except _MALFORMED as error:
            raise DataError(f"{where}: malformed object ({error!r}); write it anew") from None
    return stack.labels


def score_of(entry: Record) -> float:
    """The score of a record, 1 where it has none.

    Raises:
        ValueError: not a finite number (one that is not would win or lose every pixel).
    """
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


def sequence_records(path: Path, place: Place, name: str) -> list[Record]:
    """Records of one sequence; those without an annotator belong to the only one."""
    default = place.annotator if place.sole else ""
    return [
        entry
        for entry in load_records(path)
        if str(entry.get("sequence", entry.get("video"))) == name
        and str(entry.get("annotator", default)) == place.annotator
    ]


def from_records(path: Path, records: Sequence[Record], wanted: Wanted) -> LabelMaps:
    """``{"sequence", "object", "annotator"?, "score"?, "segmentations": [RLE or null]}``.

    Raises:
        DataError: an unknown object, another number of frames, a malformed record.
    """
    stack = Stack(wanted)
    where = f"'{path}' sequence '{wanted.video.name}'"
    known = _IDS if wanted.any_ids else wanted.objects
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
        for number, code in enumerate(codes):
            mask = rle.decode(code, wanted.size, f"{where} frame {number}")
            stack.paint(number, identity, mask, score)
    return stack.labels
