"""Classes of pixels by a vocabulary: ADE20K-847, PASCAL Context 59 and 459, PASCAL VOC.

As FC-CLIP's released evaluation: class maps are made at the size that the network sees and
resized then; mean IoU over the classes that are annotated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from car_video.config.panoptic import PanopticConfig
from car_video.errors import DataError
from car_video.text.vocabulary import Vocabulary, load_vocabulary
from car_video.types import SemanticMap

from ..data.class_maps import read_class_map, write_class_map
from ..data.files import entries, inside, need_file, need_folder
from ..data.images import read_rgb
from ..data.semantic import read_voc
from ..metrics.confusion import ConfusionMatrix
from ..segmenters import Segmenters
from .base import Benchmark, Item
from .results import Bar, Score, Strip, Summary, Table
from .vocabularies import labels_file, vocabulary_of

IGNORED = 65_535
CONFIG = PanopticConfig(resize_masks=False)
PROTOCOL = "one confusion matrix; mean over classes that are annotated; no oracle labels"


@dataclass(frozen=True)
class LabelledPicture:
    """A picture with its class map.

    Attributes:
        image, labels: files.
        first: number in the class map of the vocabulary's first class.
        ignored: number of pixels that do not count; those below ``first`` do not either.
        labels_file: label file of the user, so that a resumed run notices a change.
    """

    image: Path
    labels: Path
    first: int
    ignored: int
    labels_file: Path | None = None

    def truth(self) -> NDArray[np.int32]:
        """int32 [H, W]: positions in the vocabulary, :data:`IGNORED` where nothing counts."""
        numbers = read_class_map(self.labels)
        counts = (numbers >= self.first) & (numbers != self.ignored)
        return np.where(counts, numbers - self.first, IGNORED).astype(np.int32)


@dataclass(frozen=True)
class OpenSemantic(Benchmark):
    """One of the benchmarks, by name. Payload: a :class:`LabelledPicture`."""

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return vocabulary_of(self.name, self.options)

    def items(self) -> list[Item]:
        load_vocabulary(self.options.trained_labels)
        assert self.vocabulary.labels
        return [Item(name, name, picture) for name, picture in self._pictures()]

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        found = segmenters.labels(
            read_rgb(item.payload.image),
            self.vocabulary,
            load_vocabulary(self.options.trained_labels),
            ("semantic",),
            CONFIG,
        )
        labels = cast(SemanticMap, found["semantic"]).labels
        count = len(self.vocabulary.labels)
        write_class_map(inside(out, f"{item.key}.png"), labels, count)

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        return predictions.is_dir() and inside(predictions, f"{item.key}.png").is_file()

    def score(self, item: Item, predictions: Path) -> Score:
        truth = item.payload.truth()
        matrix = ConfusionMatrix(len(self.vocabulary.labels), IGNORED)
        path = inside(predictions, f"{item.key}.png")
        try:
            matrix.update(truth, read_class_map(path, truth.shape))
        except DataError as error:
            raise DataError(f"picture '{item.key}': {error}") from None
        rows, columns = np.nonzero(matrix.counts)
        counts = matrix.counts[rows, columns]
        triples = zip(rows.tolist(), columns.tolist(), counts.tolist(), strict=True)
        return {"confusion": [list(triple) for triple in triples]}

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        matrix = ConfusionMatrix(len(self.vocabulary.labels), IGNORED)
        own: list[Bar] = []
        for item in items:
            part = ConfusionMatrix(matrix.classes, IGNORED)
            for row, column, count in scores[item.key]["confusion"]:
                part.counts[row, column] += count
            matrix += part
            value = part.mean_iou()
            own.append(Bar(item.key, item.key, 0.0 if np.isnan(value) else value))
        ious = matrix.class_iou()
        per_class = {
            label.name: float(iou)
            for label, iou in zip(self.vocabulary.labels, ious, strict=True)
            if not np.isnan(iou)
        }
        mean = matrix.mean_iou()
        known = None if np.isnan(mean) else mean
        return Summary(
            results={"protocol": PROTOCOL, "mIoU": known, "per_class": per_class},
            tables=(
                Table(
                    f"{self.name}, {len(items)} pictures",
                    PROTOCOL,
                    ("mIoU", "classes that occur"),
                    ((known, len(per_class)),),
                ),
                Table(
                    f"{self.name} by class",
                    PROTOCOL,
                    ("class", "IoU"),
                    tuple(per_class.items()) or (("none", None),),
                ),
            ),
            headline=() if known is None else (("mIoU", known),),
            metric="IoU",
            per="class",
            bars=tuple(Bar(name, name, value) for name, value in per_class.items()),
            ranking=tuple(own),
            ranked_by="mean IoU of the picture's classes",
        )

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        truth = item.payload.truth()
        predicted = read_class_map(inside(predictions, f"{item.key}.png"), truth.shape)
        names = [
            self.vocabulary.labels[i].name for i in np.unique(truth).tolist() if i != IGNORED
        ]
        return [
            Strip(
                title=f"{item.key}: {', '.join(names) or 'nothing that counts'}",
                image=read_rgb(item.payload.image),
                predicted=(1 + predicted % 255).astype(np.uint8),
                truth=np.where(truth == IGNORED, 0, 1 + truth % 255).astype(np.uint8),
                ignored=truth == IGNORED,
            )
        ]

    def _pictures(self) -> list[tuple[str, LabelledPicture]]:
        file = labels_file(self.options)
        if self.name in ("pas-20", "pas-21", "pc-59"):
            split = self.options.split or "val"
            year, labels, lists = (
                ("VOC2010", "SegmentationClassContext", "SegmentationContext")
                if self.name == "pc-59"
                else ("VOC2012", "SegmentationClass", "Segmentation")
            )
            first = 0 if self.name == "pas-21" else 1
            return [
                (picture.name, LabelledPicture(picture.image, picture.labels, first, 255, file))
                for picture in read_voc(self.root, year, labels, lists, split)
                if picture.labels is not None
            ]
        need_folder(self.root, "data")
        split = self.options.split or "validation"
        images = need_folder(self.root / "images" / split, "pictures")
        labels_folder = need_folder(self.root / "annotations" / split, "annotations")
        found = []
        for image in entries(images, ".jpg"):
            tif = inside(labels_folder, f"{image.stem}.tif")
            png = inside(labels_folder, f"{image.stem}.png")
            path = tif if tif.is_file() else need_file(png, "annotation")
            found.append((image.stem, LabelledPicture(image, path, 0, IGNORED, file)))
        if not found:
            raise DataError(f"'{images}' holds no .jpg; check the data folder")
        return found
