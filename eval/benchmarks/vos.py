"""DAVIS 2016 and 2017, YouTube-VOS: objects followed from given masks, without a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError
from car_video.types import Frame

from ..data import predictions as masks
from ..data.files import inside
from ..data.images import image_size, read_rgb, write_labels
from ..data.vos_sets import GivenVideo, read_davis, read_youtube
from ..metrics import contour_accuracy, region_similarity, score_sequence
from ..segmenters import Segmenters
from . import vos_tables
from .base import Benchmark, Item, spread
from .expression_video import write_zip
from .results import Score, Strip, Summary

_RATES = {"davis-2016": 24.0, "davis-2017": 24.0, "youtube-vos": 6.0}
"""Frames per second; the frames carry no time. YouTube-VOS has every fifth of 30."""

_PLACE = masks.Place("Annotations", True)
"""Predictions lie in ``<video>/`` or, as for YouTube-VOS' server, ``Annotations/<video>/``."""


@dataclass(frozen=True)
class Vos(Benchmark):
    """One of the three, by name. Payload: a :class:`GivenVideo`."""

    def items(self) -> list[Item]:
        if self.name == "youtube-vos":
            videos = read_youtube(self.root, self.options.split)
        else:
            videos = read_davis(self.root, self.name[-4:], self.options.split)
        return [Item(v.video.name, v.video.name, v, len(v.video.frames)) for v in videos]

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        given: GivenVideo = item.payload
        frames = (
            Frame(index, index / _RATES[self.name], read_rgb(path))
            for index, path in enumerate(given.video.images)
        )
        found = segmenters.follow(frames, given.given())
        for name, labels in zip(given.video.frames, found, strict=True):
            write_labels(inside(out, given.video.name, f"{name}.png"), labels)

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        return masks.find_sequence(predictions, _PLACE, item.key) is not None

    def _predicted(self, item: Item, predictions: Path) -> NDArray[np.uint8]:
        given: GivenVideo = item.payload
        numbers = tuple(one.number for one in given.objects)
        wanted = masks.Wanted(
            given.video,
            image_size(given.video.images[0]),
            numbers,
            tuple(f"object {number}" for number in numbers),
        )
        return masks.read_sequence(predictions, _PLACE, wanted)

    def score(self, item: Item, predictions: Path) -> Score:
        given: GivenVideo = item.payload
        predicted = self._predicted(item, predictions)
        if given.video.labels is None:
            return {"objects": None}
        truth = _truth(given)
        if self.name != "youtube-vos":
            scores = score_sequence(truth, predicted, objects=len(given.objects))
            return {"objects": None, "davis": scores.as_json()}
        return {
            "objects": [
                {
                    "number": one.number,
                    "category": one.category,
                    **_means(
                        truth[one.given + 1 : one.last + 1] == one.number,
                        predicted[one.given + 1 : one.last + 1] == one.number,
                    ),
                }
                for one in given.objects
                if one.last > one.given  # else its mask is all that there is
            ]
        }

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        if self.name == "youtube-vos":
            return vos_tables.youtube(scores, items)
        return vos_tables.davis(self.name, scores, items)

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        given: GivenVideo = item.payload
        if given.video.labels is None:
            return []
        truth, predicted = _truth(given), self._predicted(item, predictions)
        return [
            Strip(
                title=f"{item.key}, frame {given.video.frames[number]}",
                image=read_rgb(given.video.images[number]),
                predicted=predicted[number],
                truth=truth[number],
            )
            for number in spread(len(truth), 2)
        ]

    def finish(self, items: Sequence[Item], predictions: Path, out: Path) -> list[Path]:
        """YouTube-VOS: ``submission.zip`` with ``Annotations/<video>/<frame>.png``."""
        if self.name != "youtube-vos" or predictions.is_file():
            return []
        names = {}
        for item in items:
            folder = masks.find_sequence(predictions, _PLACE, item.key)
            if folder is None or not folder.is_dir():
                return []
            for frame in item.payload.video.frames:
                names[f"Annotations/{item.key}/{frame}.png"] = folder / f"{frame}.png"
        files = ((name, path.read_bytes()) for name, path in names.items())
        return [write_zip(out / "submission.zip", files)]


def _truth(given: GivenVideo) -> NDArray[np.uint8]:
    """uint8 [T, H, W].

    Raises:
        DataError: annotations of other sizes, or none.
    """
    assert given.video.labels is not None
    stack = [given.labels(path) for path in given.video.labels]
    if len({labels.shape for labels in stack}) > 1:
        raise DataError(f"annotations of '{given.video.name}' differ in size; restore them")
    return np.stack(stack)


def _means(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> dict[str, float]:
    return {
        "J": float(region_similarity(truth, predicted).mean()),
        "F": float(contour_accuracy(truth, predicted).mean()),
    }
