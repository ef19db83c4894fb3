"""Masks of one expression over a video, as tools for referring video segmentation write them.

A folder ``[Annotations/]<video>/<expression>/<frame>.png``, or one JSON file
``{video: {expression: {"prediction_masks": [RLE or null per frame]}}}`` (Sa2VA and what is
built on it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from . import rle
from .files import first_existing, inside, read_json
from .images import read_predicted_labels


def find_folder(predictions: Path, key: str) -> Path | None:
    """The folder of ``<video>/<expression>``, or None."""
    found = first_existing(inside(predictions, key), inside(predictions / "Annotations", key))
    return found if found is not None and found.is_dir() else None


def holds(predictions: Path, key: str) -> bool:
    """Whether there are masks of ``<video>/<expression>`` (cheap)."""
    if predictions.is_file():
        return _entry(predictions, key) is not None
    return find_folder(predictions, key) is not None


def read_masks(
    predictions: Path, key: str, frames: Sequence[str], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """uint8 [T, H, W] of 0 and 1: anything but 0 is inside.

    Raises:
        DataError: missing, of another size or another number of frames.
    """
    if predictions.is_file():
        return _coded(predictions, key, len(frames), size)
    folder = find_folder(predictions, key)
    if folder is None:
        raise DataError(f"'{predictions}' has no folder '{key}'; add its PNGs")
    masks = np.zeros((len(frames), *size), np.uint8)
    for number, frame in enumerate(frames):
        path = folder / f"{frame}.png"
        labels = read_predicted_labels(path)
        if labels.shape != size:
            raise DataError(
                f"'{path}' is {labels.shape[1]}x{labels.shape[0]}, the video "
                f"{size[1]}x{size[0]}; resize the prediction (nearest neighbour)"
            )
        masks[number] = labels > 0
    return masks


@lru_cache(maxsize=1)
def _load(path: Path) -> Mapping[str, Any]:
    data = read_json(path, "predictions")
    if not isinstance(data, Mapping):
        raise DataError(
            f"'{path}' is not {{video: {{expression: {{\"prediction_masks\"}}}}}}; see the docs"
        )
    return data


def _entry(path: Path, key: str) -> Any:
    video, _, expression = key.rpartition("/")
    of_video = _load(path).get(video)
    return of_video.get(expression) if isinstance(of_video, Mapping) else None


def _coded(path: Path, key: str, frames: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    entry, where = _entry(path, key), f"'{path}' '{key}'"
    codes = entry.get("prediction_masks") if isinstance(entry, Mapping) else None
    if not isinstance(codes, list):
        raise DataError(f"{where}: no list 'prediction_masks'; write one RLE per frame")
    if len(codes) != frames:
        raise DataError(
            f"{where} has {len(codes)} frames, the video {frames}; give null for frames "
            f"without the target"
        )
    return np.stack([rle.decode(code, size, where) for code in codes]).astype(np.uint8)
