"""Masks of a sequence as any tool may have written them.

Found for sequence ``S`` and annotator ``A`` below the folder of predictions: ``A/S/`` (ours),
``anno_0/S/`` to ``anno_3/S/`` (ReferFormer and its descendants), or ``S/`` when one annotator
is scored; in it PNG label maps per frame, or a folder of binary PNGs per object, or our
``predictions.json``. Or one JSON file of RLE records for everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from . import rle
from .expressions import OFFICIAL_ANNOTATORS
from .files import inside, read_json
from .images import read_labels
from .videos import Video

LabelMaps = NDArray[np.uint8]


@dataclass(frozen=True)
class Place:
    """Where to look: the annotator, and whether it is the only one that is scored."""

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


def find_sequence(root: Path, place: Place, name: str) -> Path | None:
    """Folder or file with the masks of a sequence, or None."""
    if root.is_file():
        return root if _records(root, place, name) else None
    folders = [place.annotator]
    if place.annotator in OFFICIAL_ANNOTATORS:
        folders.append(f"anno_{OFFICIAL_ANNOTATORS.index(place.annotator)}")
    bases = [root / folder for folder in folders] + ([root] if place.sole else [])
    for base in bases:
        for tail in (
            f"{name}/predictions.json",
            f"{name}_car/predictions.json",
            f"{name}.json",
        ):
            if (path := inside(base, tail)).is_file():
                return path
        if (path := base / name).is_dir() and any(path.iterdir()):
            return path
    return None


def read_sequence(root: Path, place: Place, wanted: Wanted) -> LabelMaps:
    """uint8 [T, H, W]: object ids of the annotation (or, with ``any_ids``, of the tool).

    Where masks of several objects overlap, the higher score wins, then the lower id.

    Raises:
        DataError: a missing frame, another size, an unknown id, a PNG of the wrong mode, or
            expressions that are not the data set's.
    """
    name = wanted.video.name
    path = find_sequence(root, place, name)
    if path is None:
        raise DataError(
            f"'{root}' has no masks for '{name}' of {place.annotator}; put PNGs into "
            f"'{root / place.annotator / name}'"
        )
    if path.is_dir():
        if any(child.is_dir() for child in path.iterdir()):
            return _object_folders(path, wanted)
        return np.stack([_label_png(path / f"{f}.png", wanted) for f in wanted.video.frames])
    if path == root:
        return _from_records(path, _records(root, place, name), wanted)
    return _from_own_json(path, wanted)


def _label_png(path: Path, wanted: Wanted) -> NDArray[np.uint8]:
    labels = _sized(read_labels(path, "predicted mask"), path, wanted.size)
    values = np.unique(labels)
    if set(values.tolist()) <= {0, 255} and 255 not in wanted.objects:
        if len(wanted.objects) == 1:
            return np.where(labels > 0, wanted.objects[0], 0).astype(np.uint8)
        known: set[int] = set()
    else:
        known = set(range(1, 255)) if wanted.any_ids else set(wanted.objects)
    unknown = sorted(set(values.tolist()) - known - {0})
    if unknown:
        ids = ", ".join(map(str, wanted.objects))
        raise DataError(
            f"'{path}' has unknown object id {unknown[0]}, the annotation has {ids}; number "
            f"predictions as in the annotation"
        )
    return labels


def _sized(labels: NDArray[np.uint8], path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    if labels.shape != size:
        raise DataError(
            f"'{path}' is {labels.shape[1]}x{labels.shape[0]}, the annotation "
            f"{size[1]}x{size[0]}; resize the prediction (nearest neighbour)"
        )
    return labels


def _object_folders(path: Path, wanted: Wanted) -> LabelMaps:
    """``<object>/<frame>.png`` with anything but 0 inside the mask."""
    stack = _Stack(wanted)
    for identity in wanted.objects:
        folder = path / str(identity)
        if not folder.is_dir():
            raise DataError(f"'{path}' has no folder '{identity}' for that object; add it")
        for number, frame in enumerate(wanted.video.frames):
            png = folder / f"{frame}.png"
            labels = _sized(read_labels(png, "predicted mask"), png, wanted.size)
            stack.paint(number, identity, labels > 0, 1.0)
    return stack.labels


class _Stack:
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


def _from_own_json(path: Path, wanted: Wanted) -> LabelMaps:
    """car-video's ``predictions.json``; objects are found by their expression."""
    data = read_json(path, "predictions")
    try:
        texts = [" ".join(str(text).lower().split()) for text in data["expressions"]]
        frames = data["frames"]
    except (KeyError, TypeError) as error:
        raise DataError(f"'{path}' is no predictions.json ({error!r} missing)") from None
    if len(frames) != len(wanted.video.frames):
        raise DataError(
            f"'{path}' has {len(frames)} frames, '{wanted.video.name}' "
            f"{len(wanted.video.frames)}; predict every frame (no --stride, --start, --end)"
        )
    identity_of: dict[int, int] = {}
    for identity, expression in zip(wanted.objects, wanted.expressions, strict=True):
        key = " ".join(expression.lower().split())
        free = [i for i, text in enumerate(texts) if text == key and i not in identity_of]
        if not free:
            raise DataError(
                f"'{path}' has no expression '{expression[:60]}' (object {identity}); run "
                f"car-video with the data set's sentences"
            )
        identity_of[free[0]] = identity
    stack = _Stack(wanted)
    for number, frame in enumerate(frames):
        for entry in frame["objects"]:
            if entry["expression"] in identity_of and entry.get("present", True):
                mask = rle.decode(
                    entry["segmentation"], wanted.size, f"'{path}' frame {number}"
                )
                score = float(entry.get("score", 1.0))
                stack.paint(number, identity_of[entry["expression"]], mask, score)
    return stack.labels


@lru_cache(maxsize=2)
def load_records(path: Path) -> tuple[Mapping[str, Any], ...]:
    """A JSON file that holds a list of objects; parsed once per process."""
    data = read_json(path, "predictions")
    if not isinstance(data, list) or not all(isinstance(entry, Mapping) for entry in data):
        raise DataError(f"'{path}' is not a JSON list of RLE records; see docs/benchmarks.md")
    return tuple(data)


def _records(path: Path, place: Place, name: str) -> list[Mapping[str, Any]]:
    """Records of one sequence; those without an annotator belong to the only one."""
    return [
        entry
        for entry in load_records(path)
        if str(entry.get("sequence", entry.get("video"))) == name
        and str(entry.get("annotator", place.annotator if place.sole else ""))
        == place.annotator
    ]


def _from_records(
    path: Path, records: Sequence[Mapping[str, Any]], wanted: Wanted
) -> LabelMaps:
    """``{"sequence", "object", "annotator"?, "score"?, "segmentations": [RLE or null]}``."""
    stack = _Stack(wanted)
    for entry in records:
        where = f"'{path}' sequence '{wanted.video.name}'"
        try:
            identity, codes = int(entry["object"]), entry["segmentations"]
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{where}: malformed record ({error!r}); see docs/benchmarks.md"
            ) from None
        if identity not in wanted.objects and not wanted.any_ids:
            ids = ", ".join(map(str, wanted.objects))
            raise DataError(f"{where}: unknown object id {identity}, the annotation has {ids}")
        if len(codes) != len(wanted.video.frames):
            raise DataError(
                f"{where}: object {identity} has {len(codes)} frames, the sequence "
                f"{len(wanted.video.frames)}; give null for frames without the object"
            )
        for number, code in enumerate(codes):
            mask = rle.decode(code, wanted.size, f"{where} frame {number}")
            stack.paint(number, identity, mask, float(entry.get("score", 1.0)))
    return stack.labels
