"""Masks of a sequence from car-video's own ``predictions.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from car_video.errors import DataError

from . import rle
from .files import read_json
from .videos import Video
from .wanted import MALFORMED, LabelMaps, Record, ScoredMask, Wanted, label_map, score_of


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
    except MALFORMED as error:
        raise DataError(f"'{path}' is no predictions.json ({error!r}); see the docs") from None
    ordered = _in_order(path, frames, wanted.video)
    identities = _identities(path, texts, wanted)
    labels = []
    for name, frame in zip(wanted.video.frames, ordered, strict=True):
        where = f"'{path}' frame '{name}'"
        try:
            masks = _objects(frame["objects"], texts, identities, wanted.size, where)
        except MALFORMED as error:
            raise DataError(f"{where}: malformed object ({error!r}); write it anew") from None
        labels.append(label_map(masks, wanted.size))
    return np.stack(labels)


def _in_order(path: Path, frames: Sequence[Any], video: Video) -> list[Any]:
    """The entries of ``frames`` in the order of the sequence, one for each of its frames."""
    found: dict[int, Any] = {}
    for place, entry in enumerate(frames):
        try:
            number = _frame_number(entry, place, video.frames)
        except MALFORMED as error:
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


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
