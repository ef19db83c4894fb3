"""Masks of a sequence as any tool may have written them.

Found for sequence ``S`` and annotator ``A`` below the folder of predictions: ``A/S/`` (ours),
``anno_0/S/`` to ``anno_3/S/`` (ReferFormer and its descendants), or ``S/`` when one annotator
is scored; in it PNG label maps per frame (or in ``masks/``), or a folder of binary PNGs per
object, or our ``predictions.json``. Or one JSON file of RLE records for everything.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from .expressions import OFFICIAL_ANNOTATORS
from .files import entries, inside, subfolders
from .images import read_labels
from .json_predictions import (
    LabelMaps,
    Place,
    Stack,
    Wanted,
    from_own_json,
    from_records,
    sequence_records,
)


def find_sequence(root: Path, place: Place, name: str) -> Path | None:
    """Folder or file with the masks of a sequence, or None."""
    if root.is_file():
        return root if sequence_records(root, place, name) else None
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
        for tail in (f"{name}/masks", f"{name}_car/masks", name):
            path = inside(base, tail)
            if entries(path):
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
        if subfolders(path):
            return _object_folders(path, wanted)
        return np.stack([_label_png(path / f"{f}.png", wanted) for f in wanted.video.frames])
    if path == root:
        return from_records(path, sequence_records(root, place, name), wanted)
    return from_own_json(path, wanted)


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
    stack = Stack(wanted)
    for identity in wanted.objects:
        folder = path / str(identity)
        if not folder.is_dir():
            raise DataError(f"'{path}' has no folder '{identity}' for that object; add it")
        for number, frame in enumerate(wanted.video.frames):
            png = folder / f"{frame}.png"
            labels = _sized(read_labels(png, "predicted mask"), png, wanted.size)
            stack.paint(number, identity, labels > 0, 1.0)
    return stack.labels
