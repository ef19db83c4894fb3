"""Semantic segmentation with a whole label space as queries: VOC, Context, COCO Object, ADE.

Every picture gets every class name (no oracle labels). One confusion matrix over the data set;
CaR's protocol for the background decides the headline, the others are printed beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError
from car_video.text.label_spaces import LabelSpace, label_space

from ..data import rle
from ..data.files import inside
from ..data.image_predictions import coco_results, read_label_map
from ..data.images import read_rgb, write_labels
from ..data.semantic import CLASS_OF_COCO, Picture, read_ade, read_coco_object, read_voc
from ..metrics import ConfusionMatrix
from ..metrics.confusion import Background
from ..segmenters import Segmenters
from . import passes
from .base import Benchmark, Item
from .results import Bar, Score, Strip, Summary, Table

IGNORED = 255

_READERS: dict[str, tuple[str, Callable[[Path, str], list[Picture]]]] = {
    "voc": (
        "val",
        lambda root, split: read_voc(
            root, "VOC2012", "SegmentationClass", "Segmentation", split
        ),
    ),
    "context": (
        "val",
        lambda root, split: read_voc(
            root, "VOC2010", "SegmentationClassContext", "SegmentationContext", split
        ),
    ),
    "coco-object": ("val2017", read_coco_object),
    "ade": ("validation", read_ade),
}

_HEADLINE: dict[str, Background] = {
    "voc": "count",
    "context": "count",
    "coco-object": "count",
    "ade": "drop",
}

_MEANING: dict[Background, str] = {
    "count": "background is a class",
    "unlabelled": "background pixels not scored, background predicted on an object is an error",
    "drop": "ignore_background (CaR): row and column of the background dropped",
}


@dataclass(frozen=True)
class Semantic(Benchmark):
    """One of the four benchmarks, by name. Payload: a :class:`Picture`."""

    @property
    def space(self) -> LabelSpace:
        return label_space(self.name)

    def items(self) -> list[Item]:
        split, read = _READERS[self.name]
        pictures = read(self.root, self.options.split or split)
        return [Item(picture.name, picture.name, picture) for picture in pictures]

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        labels = passes.predict(read_rgb(item.payload.image), self.space, segmenters)
        write_labels(inside(out, f"{item.key}.png"), labels)

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        if predictions.is_file():
            return bool(coco_results(predictions, self._coco_number(item)))
        return inside(predictions, f"{item.key}.png").is_file()

    def _coco_number(self, item: Item) -> int:
        picture: Picture = item.payload
        if self.name != "coco-object":
            raise DataError(
                f"COCO results fit coco-object only; give {self.name} a folder of PNGs"
            )
        return picture.coco.id if picture.coco is not None else int(picture.name)

    def score(self, item: Item, predictions: Path) -> Score:
        truth = item.payload.truth()
        matrix = ConfusionMatrix(len(self.space.names) + 1, IGNORED)
        matrix.update(truth, self._predicted(item, predictions, truth.shape))
        rows, columns = np.nonzero(matrix.counts)
        counts = matrix.counts[rows, columns]
        triples = zip(rows.tolist(), columns.tolist(), counts.tolist(), strict=True)
        return {"confusion": [list(triple) for triple in triples]}

    def _predicted(
        self, item: Item, predictions: Path, size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        if predictions.is_file():
            return self._from_coco_results(item, predictions, size)
        path = inside(predictions, f"{item.key}.png")
        labels = read_label_map(path, size)
        if int(labels.max(initial=0)) > len(self.space.names):
            raise DataError(
                f"'{path}' has unknown class {labels.max()}; {self.name} has 1 to "
                f"{len(self.space.names)}, 0 is background"
            )
        return labels

    def _from_coco_results(
        self, item: Item, path: Path, size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """Masks painted by ascending score."""
        labels = np.zeros(size, np.uint8)
        entries = coco_results(path, self._coco_number(item))
        for entry in sorted(entries, key=lambda entry: float(entry.get("score", 1.0))):
            number = CLASS_OF_COCO.get(int(entry["category_id"]))
            where = f"'{path}' picture {item.key}"
            if number is None:
                raise DataError(f"{where}: unknown category {entry['category_id']}; use COCO's")
            labels[rle.decode(entry["segmentation"], size, where)] = number
        return labels

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        matrix = ConfusionMatrix(len(self.space.names) + 1, IGNORED)
        for item in items:
            for row, column, count in scores[item.key]["confusion"]:
                matrix.counts[row, column] += count
        headline = _HEADLINE[self.name]
        ious = matrix.class_iou(headline)
        names = ("background", *self.space.names)
        per_class = {
            name: float(iou) for name, iou in zip(names, ious, strict=True) if not np.isnan(iou)
        }
        protocol = f"{_MEANING[headline]}; mean over classes that occur; no oracle labels"
        kinds: tuple[Background, ...] = get_args(Background)
        means = {kind: _known(matrix.mean_iou(kind)) for kind in kinds}
        return Summary(
            results={
                "protocol": protocol,
                "mIoU": means[headline],
                "mIoU_by_background": means,
                "pixel_accuracy": _known(matrix.pixel_accuracy()),
                "per_class": per_class,
            },
            tables=(
                Table(
                    f"{self.name}, {len(items)} pictures",
                    "one confusion matrix over the data set; headline: " + protocol,
                    ("protocol", "mIoU"),
                    tuple(
                        (_MEANING[kind] + (" (headline)" if kind == headline else ""), value)
                        for kind, value in means.items()
                    ),
                ),
                Table(
                    f"{self.name} by class",
                    protocol,
                    ("class", "IoU"),
                    tuple(per_class.items()),
                ),
            ),
            headline=_headline(means[headline]),
            metric="IoU",
            per="class",
            bars=tuple(Bar(name, name, value) for name, value in per_class.items()),
            ranking=tuple(Bar(i.key, i.key, _accuracy(scores[i.key])) for i in items),
            ranked_by="mean IoU of the picture's classes",
        )

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        truth = item.payload.truth()
        predicted = self._predicted(item, predictions, truth.shape)
        found = sorted(set(np.unique(truth).tolist()) - {0, IGNORED})
        names = ", ".join(self.space.names[number - 1] for number in found)
        return [
            Strip(
                title=f"{item.key}: {names or 'background only'}",
                image=read_rgb(item.payload.image),
                predicted=predicted,
                truth=np.where(truth == IGNORED, 0, truth).astype(np.uint8),
                ignored=truth == IGNORED,
            )
        ]


def _headline(value: float | None) -> tuple[tuple[str, float], ...]:
    return () if value is None else (("mIoU", value),)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _accuracy(score: Score) -> float:
    """Mean IoU of one picture over what is in it, for choosing best and worst."""
    triples = np.array(score["confusion"], np.int64).reshape(-1, 3)
    classes = sorted(set(triples[:, 0].tolist()))
    ious = []
    for number in classes:
        truth, predicted = triples[:, 0] == number, triples[:, 1] == number
        both = triples[truth & predicted, 2].sum()
        ious.append(both / triples[truth | predicted, 2].sum())
    return float(np.mean(ious)) if ious else 0.0
