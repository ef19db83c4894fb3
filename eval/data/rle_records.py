"""Masks of a sequence from one JSON list of run-length records for everything."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from car_video.errors import DataError

from . import rle
from .files import read_json
from .wanted import (
    MALFORMED,
    LabelMaps,
    Place,
    Record,
    ScoredMask,
    Wanted,
    label_map,
    score_of,
    whole,
)

_IDS = range(1, 255)  # 0 is the background, 255 void


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
        except MALFORMED as error:
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
