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
from .images import read_predicted_labels
from .own_json import from_own_json
from .rle_records import from_records, left_over, sequence_records
from .wanted import LabelMaps, Place, ScoredMask, Wanted, label_map

__all__ = ["Place", "Wanted", "find_sequence", "left_over", "read_sequence"]


def find_sequence(root: Path, place: Place, name: str) -> Path | None:
    """Folder or file with the masks of a sequence, or None.

    Raises:
        DataError: there are two of them.
    """
    if root.is_file():
        return root if sequence_records(root, place, name) else None
    folders = [place.annotator]
    if place.annotator in OFFICIAL_ANNOTATORS:
        folders.append(f"anno_{OFFICIAL_ANNOTATORS.index(place.annotator)}")
    bases = [root / folder for folder in folders] + ([root] if place.sole else [])
    found = [path for base in bases for path in _candidates(base, name)]
    if len(found) > 1:
        raise DataError(
            f"masks of '{name}' are in '{found[0]}' and in '{found[1]}'; keep one of them"
        )
    return found[0] if found else None


def _candidates(base: Path, name: str) -> list[Path]:
    """Where masks of a sequence are below ``base``; of one run's folder, one path."""
    places = [
        (f"{name}/predictions.json", f"{name}/masks", name),
        (f"{name}_car/predictions.json", f"{name}_car/masks"),
        (f"{name}.json",),
    ]
    found = []
    for tails in places:
        paths = [inside(base, tail) for tail in tails]
        good = [p for p in paths if (p.is_file() if p.suffix == ".json" else entries(p))]
        found += good[:1]
    return found


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
        remedy = f"put PNGs into '{root / place.annotator / name}'"
        if root.is_file():
            remedy = "add its records, or correct their sequence or annotator"
        raise DataError(f"'{root}' has no masks for '{name}' of {place.annotator}; {remedy}")
    if path.is_dir():
        if subfolders(path):
            return _object_folders(path, wanted)
        return np.stack([_label_png(path / f"{f}.png", wanted) for f in wanted.video.frames])
    if path == root:
        return from_records(path, sequence_records(root, place, name), wanted)
    return from_own_json(path, wanted)


def _label_png(path: Path, wanted: Wanted) -> NDArray[np.uint8]:
    labels = _sized(read_predicted_labels(path), path, wanted.size)
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
    if pngs := entries(path, ".png"):
        raise DataError(
            f"masks of '{wanted.video.name}' are in '{pngs[0]}' and in the folder "
            f"'{subfolders(path)[0]}'; keep one of the two forms"
        )
    ids = ", ".join(map(str, wanted.objects))
    for folder in subfolders(path):
        if folder.name not in map(str, wanted.objects):
            raise DataError(
                f"'{folder}' is the folder of no object, the annotation has {ids}; remove or "
                f"rename it"
            )
    for identity in wanted.objects:
        if not (path / str(identity)).is_dir():
            raise DataError(f"'{path}' has no folder '{identity}' for that object; add it")
    return np.stack([_object_pngs(path, frame, wanted) for frame in wanted.video.frames])


def _object_pngs(path: Path, frame: str, wanted: Wanted) -> NDArray[np.uint8]:
    masks = []
    for identity in wanted.objects:
        png = path / str(identity) / f"{frame}.png"
        labels = _sized(read_predicted_labels(png), png, wanted.size)
        masks.append(ScoredMask(identity, labels > 0, 1.0))
    return label_map(masks, wanted.size)
