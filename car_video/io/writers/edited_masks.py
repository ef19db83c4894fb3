"""Mask files that the user has edited, taken over when a run is resumed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.errors import DataError, OutputError
from car_video.io.formats import palette_labels
from car_video.io.writers.pngs import frame_name
from car_video.types import FramePrediction


class EditedMasks:
    """Compares predictions of an earlier run with the mask files that it has left.

    Where they differ one of them was edited: the file counts if it is newer than
    ``predictions.json``, else what the JSON says.

    Args:
        folder: of the mask files.
        results: ``predictions.json``, there or not.
        all_changed: the user has edited ``predictions.json``; which frames is not known.

    Attributes:
        notices: remarks for the user, one line each.
    """

    def __init__(self, folder: Path, results: Path, all_changed: bool = False) -> None:
        self.notices: list[str] = []
        self._folder = folder
        self._newer_than = results.stat().st_mtime_ns if results.exists() else -1
        self._all_changed = all_changed
        self._changed: set[int] = set()
        self._settled: set[int] = set()

    def settle(self, index: int) -> None:
        """The prediction of this frame counts as it is; its file is of before."""
        self._changed.add(index)
        self._settled.add(index)

    def newer(self, index: int) -> bool:
        """Whether the frame's file was changed after ``predictions.json``."""
        path = self._folder / frame_name(index)
        return path.is_file() and path.stat().st_mtime_ns > self._newer_than

    def of_file(self, prediction: FramePrediction) -> FramePrediction:
        """The prediction with the masks of its file, whichever is newer.

        Raises:
            OutputError: the file cannot be this frame's mask.
        """
        if not self._has_file(prediction):
            return prediction
        labels = self._read(self._folder / frame_name(prediction.index), prediction)
        return prediction if labels is None else with_labels(prediction, labels)

    def changed(self, index: int) -> bool:
        """Whether this frame was edited, once :meth:`apply` has seen it."""
        return self._all_changed or index in self._changed

    def apply(self, prediction: FramePrediction) -> FramePrediction:
        """The prediction, with the masks of its file where the user has edited that.

        Raises:
            OutputError: the file cannot be this frame's mask.
        """
        if prediction.index in self._settled:
            return prediction
        path = self._folder / frame_name(prediction.index)
        if not self._has_file(prediction):
            return prediction
        labels = self._read(path, prediction)
        if labels is not None and np.array_equal(labels, prediction.label_map()):
            return prediction
        self._changed.add(prediction.index)
        if labels is None or path.stat().st_mtime_ns <= self._newer_than:
            return prediction
        return with_labels(prediction, labels)

    def _has_file(self, prediction: FramePrediction) -> bool:
        path = self._folder / frame_name(prediction.index)
        return len(prediction.expressions) <= 255 and path.is_file()

    def _read(self, path: Path, prediction: FramePrediction) -> NDArray[np.uint8] | None:
        """uint8 [H, W] labels; None where the file is cut off, as after a power failure."""
        try:
            with Image.open(path) as image:
                image.load()
        except (OSError, SyntaxError, ValueError):
            self.notices.append(f"'{path}' was damaged and is written anew")
            return None
        height, width = prediction.masks.shape[1:]
        hint = f"put '{path}' right, or delete it to have it written anew"
        if image.size != (width, height):
            raise OutputError(
                f"the mask has {image.width}x{image.height} pixels, its frame "
                f"{width}x{height}; {hint}"
            )
        try:
            return palette_labels(image, len(prediction.expressions))
        except DataError as error:
            raise OutputError(f"{error}; {hint}") from None


def with_labels(prediction: FramePrediction, labels: NDArray[np.uint8]) -> FramePrediction:
    """The prediction with masks that give this label map.

    Pixels whose label is as before keep all their masks, also those that another one hides. An
    expression whose mask has changed is present where the mask is not empty; one that was
    absent before gets the score 1.

    Args:
        prediction: of the frame.
        labels: uint8 [H, W]: 0 background, 1 + index of the expression elsewhere.
    """
    edited = labels != prediction.label_map()
    masks = prediction.masks.copy()
    values = np.arange(1, len(masks) + 1)[:, None]
    masks[:, edited] = labels[edited] == values
    touched = (masks != prediction.masks).any(axis=(1, 2))
    here = np.where(touched, masks.any(axis=(1, 2)), prediction.present)
    scores = np.where(here & ~prediction.present, np.float32(1), prediction.scores)
    return dataclasses.replace(
        prediction, masks=masks, present=here, scores=scores.astype(np.float32)
    )
