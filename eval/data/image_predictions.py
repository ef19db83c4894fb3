"""Masks of single pictures as any tool may have written them: PNGs by name, or RLE records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from . import rle
from .files import inside
from .images import read_predicted_labels
from .rle_records import load_records
from .wanted import score_of, whole


def find_mask(root: Path, names: Sequence[str]) -> Path | Mapping[str, Any] | None:
    """The first of several names that has a PNG below ``root``, or its record in a JSON file.

    Args:
        root: folder, or JSON list of ``{"id": name, "segmentation": RLE}``.
        names: relative names without suffix, the most specific first.
    """
    if root.is_file():
        records = _by_id(root)
        return next((records[name] for name in names if name in records), None)
    for name in names:
        if (path := inside(root, f"{name}.png")).is_file():
            return path
    return None


@lru_cache(maxsize=2)
def _by_id(path: Path) -> Mapping[str, Mapping[str, Any]]:
    result: dict[str, Mapping[str, Any]] = {}
    for number, entry in enumerate(load_records(path)):
        name = str(entry.get("id", entry.get("sent_id", "")))
        if not name:
            raise DataError(f"'{path}' record {number} has no 'id' or 'sent_id'; add one")
        try:
            score_of(entry)
        except (TypeError, ValueError) as error:
            raise DataError(f"'{path}' id '{name}': {error}; write it anew") from None
        if name in result:
            raise DataError(f"'{path}' has two records with id '{name}'; keep one")
        result[name] = entry
    return result


def read_mask(root: Path, names: Sequence[str], size: tuple[int, int]) -> NDArray[np.bool_]:
    """bool [H, W] of one mask.

    Raises:
        DataError: missing, of another size or of the wrong mode.
    """
    found = find_mask(root, names)
    if found is None:
        raise DataError(f"'{root}' has no mask '{names[0]}'; add '{names[0]}.png'")
    if isinstance(found, Path):
        return read_label_map(found, size) > 0
    where = f"'{root}' id '{names[0]}'"
    return rle.decode(rle.segmentation_of(found, where), size, where)


def read_label_map(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """uint8 [H, W] of a PNG; DataError when its size is another."""
    labels = read_predicted_labels(path)
    if labels.shape != size:
        raise DataError(
            f"'{path}' is {labels.shape[1]}x{labels.shape[0]}, the picture {size[1]}x{size[0]};"
            f" resize the prediction (nearest neighbour)"
        )
    return labels


@lru_cache(maxsize=2)
def _by_image(path: Path) -> Mapping[int, tuple[Mapping[str, Any], ...]]:
    result: dict[int, list[Mapping[str, Any]]] = {}
    for entry in load_records(path):
        try:
            whole(entry["category_id"]), score_of(entry), entry["segmentation"]
            result.setdefault(whole(entry["image_id"]), []).append(entry)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(
                f"'{path}' is no COCO results file ({error!r}); see docs/benchmarks.md"
            ) from None
    return {image: tuple(entries) for image, entries in result.items()}


def coco_results(path: Path, image: int) -> tuple[Mapping[str, Any], ...]:
    """Records of one picture in a COCO results file; empty when it has none."""
    return _by_image(path).get(image, ())
