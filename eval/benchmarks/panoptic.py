"""Panoptic segmentation by a vocabulary: ADE20K, COCO, Cityscapes, Mapillary Vistas.

Per picture a PNG of ids and ``NAME.json`` with what they mean; beside them the class map
(``semantic/NAME.png``, positions) and the instances (``instances/NAME.json``). Masks of other
tools need the panoptic part only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from car_video.config.panoptic import PanopticConfig, Task
from car_video.errors import DataError
from car_video.io.label_outputs.records import instance_records, panoptic_segments
from car_video.text.vocabulary import Vocabulary, load_vocabulary
from car_video.types import Instances, PanopticMap, SemanticMap

from ..data.class_maps import read_class_map, write_class_map
from ..data.files import inside, read_json, write_json
from ..data.images import read_labels, read_rgb
from ..data.panoptic import predicted_segments, read_ids, write_ids
from ..data.panoptic_sets import SceneItem, read_scenes
from ..data.rle import decode
from ..metrics.cityscapes_ap import match_cityscapes
from ..metrics.confusion import ConfusionMatrix
from ..metrics.instance_ap import match_instances
from ..metrics.panoptic import compare_segments
from ..segmenters import Segmenters
from .base import Benchmark, Item
from .panoptic_tables import summary_of
from .results import Score, Strip, Summary
from .vocabularies import labels_file, vocabulary_of

IGNORED = 65_535
"""Class position of pixels that are not annotated."""

STREETS = PanopticConfig(shortest=1024, longest=2560)
_CONFIGS = {"cityscapes": STREETS, "mapillary": STREETS}
_NO_INSTANCES = ("mapillary",)  # the released evaluation has none


@dataclass(frozen=True)
class Panoptic(Benchmark):
    """One of the four benchmarks, by name. Payload: a :class:`SceneItem`."""

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return vocabulary_of(self.name, self.options)

    def items(self) -> list[Item]:
        known = {label.number for label in self.vocabulary.labels}
        load_vocabulary(self.options.trained_labels)
        scenes = read_scenes(self.name, self.root, self.options.split)
        if alien := next((c for c, _ in scenes.things if c not in known), None):
            raise DataError(f"the annotation has category {alien}, which {self.name} has not")
        file = labels_file(self.options)
        return [
            Item(scene.picture.name, scene.picture.name, replace(scene, labels_file=file))
            for scene in scenes.items
        ]

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        scene: SceneItem = item.payload
        tasks: tuple[Task, ...] = ("panoptic", "semantic")
        if self._has_instances(scene):
            tasks += ("instance",)
        found = segmenters.labels(
            read_rgb(scene.picture.image),
            self.vocabulary,
            load_vocabulary(self.options.trained_labels),
            tasks,
            _CONFIGS.get(self.name, PanopticConfig()),
        )
        numbers = [label.number for label in self.vocabulary.labels]
        segments = cast(PanopticMap, found["panoptic"])
        write_class_map(
            inside(out, "semantic", f"{item.key}.png"),
            cast(SemanticMap, found["semantic"]).labels,
            len(numbers),
        )
        if "instance" in tasks:
            records = instance_records(cast(Instances, found["instance"]), numbers)
            write_json(inside(out, "instances", f"{item.key}.json"), records, indent=None)
        write_ids(inside(out, f"{item.key}.png"), segments.ids)
        info = {"segments_info": panoptic_segments(segments, numbers)}
        write_json(inside(out, f"{item.key}.json"), info, indent=None)

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        return predictions.is_dir() and inside(predictions, f"{item.key}.png").is_file()

    def score(self, item: Item, predictions: Path) -> Score:
        scene: SceneItem = item.payload
        truth = self._truth(scene)
        predicted, segments = self._predicted(item, predictions, truth.shape)
        try:
            counts = compare_segments(truth, scene.picture.segments, predicted, segments)
        except DataError as error:
            raise DataError(f"'{predictions}' picture '{item.key}': {error}") from None
        score: Score = {
            "pq": [
                [category, c.iou, c.matched, c.wrong, c.missed]
                for category, c in sorted(counts.categories.items())
            ]
        }
        classes = inside(predictions, "semantic", f"{item.key}.png")
        if classes.is_file():
            score["confusion"] = self._confusion(scene, truth, classes)
        records = inside(predictions, "instances", f"{item.key}.json")
        if self._has_instances(scene) and records.is_file():
            score["instances"] = _matched(scene, truth.shape, records)
        return score

    def _has_instances(self, scene: SceneItem) -> bool:
        annotated = scene.has_instances or scene.instance_ids is not None
        return annotated and self.name not in _NO_INSTANCES

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        return summary_of(self.name, self.vocabulary, scores, items)

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        scene: SceneItem = item.payload
        truth = self._truth(scene)
        predicted, segments = self._predicted(item, predictions, truth.shape)
        position = {label.number: i for i, label in enumerate(self.vocabulary.labels)}
        shown = sorted({self.vocabulary.labels[position[s.category]].name for s in segments})
        return [
            Strip(
                title=f"{item.key}: {', '.join(shown) or 'nothing found'}",
                image=read_rgb(scene.picture.image),
                predicted=_colours(predicted, [s.id for s in segments]),
                truth=_colours(truth, [s.id for s in scene.picture.segments]),
                ignored=truth == 0,
            )
        ]

    def _truth(self, scene: SceneItem) -> NDArray[np.int32]:
        return read_ids(scene.picture.labels, "annotation")

    def _predicted(
        self, item: Item, predictions: Path, size: tuple[int, ...]
    ) -> tuple[NDArray[np.int32], Sequence[Any]]:
        path = inside(predictions, f"{item.key}.png")
        predicted = read_ids(path, "prediction")
        if predicted.shape != size:
            raise DataError(
                f"'{path}' has another size than the annotation; resize it (nearest)"
            )
        segments = predicted_segments(predictions, item.key)
        if segments is None:
            raise DataError(
                f"'{predictions}' has no segments_info for '{item.key}'; add '{item.key}.json' "
                "or one JSON with all annotations"
            )
        known = {label.number for label in self.vocabulary.labels}
        if alien := next((s.category for s in segments if s.category not in known), None):
            raise DataError(f"'{path}': unknown category {alien}; use {self.name}'s numbers")
        return predicted, segments

    def _confusion(
        self, scene: SceneItem, truth: NDArray[np.int32], path: Path
    ) -> list[list[int]]:
        classes = len(self.vocabulary.labels)
        matrix = ConfusionMatrix(classes, IGNORED)
        matrix.update(self._true_classes(scene, truth), read_class_map(path, truth.shape))
        rows, columns = np.nonzero(matrix.counts)
        counts = matrix.counts[rows, columns]
        triples = zip(rows.tolist(), columns.tolist(), counts.tolist(), strict=True)
        return [list(triple) for triple in triples]

    def _true_classes(self, scene: SceneItem, truth: NDArray[np.int32]) -> NDArray[np.int32]:
        """Positions of the annotated classes: of a map of its own (ADE20K), or of segments."""
        if scene.classes is not None:
            numbers = read_labels(scene.classes, "class map").astype(np.int32)
            return np.where(numbers == 0, IGNORED, numbers - 1)
        position = {label.number: i for i, label in enumerate(self.vocabulary.labels)}
        classes = np.full(truth.shape, IGNORED, np.int32)
        for segment in scene.picture.segments:
            classes[truth == segment.id] = position[segment.category]
        return classes


def _matched(scene: SceneItem, size: tuple[int, ...], records: Path) -> list[dict[str, Any]]:
    """Instances against those annotated, by the measure of the data set."""
    height, width = size
    found = read_json(records, "instances")
    masks = _results(found, (height, width), records)
    if scene.instance_ids is None:
        return match_instances((height, width), _annotations(scene), cast(Any, found))
    return match_cityscapes(read_class_map(scene.instance_ids, size), masks)


def _results(
    found: Any, size: tuple[int, int], path: Path
) -> list[tuple[int, float, NDArray[np.bool_]]]:
    """Category, score and mask of COCO results; DataError for what is none."""
    try:
        results = [
            (
                int(entry["category_id"]),
                float(entry["score"]),
                decode(entry["segmentation"], size, f"'{path}', entry {place}"),
            )
            for place, entry in enumerate(found)
        ]
    except (KeyError, TypeError, ValueError):
        results = [(0, np.nan, np.zeros(size, bool))]
    if not all(np.isfinite(score) for _, score, _ in results):
        raise DataError(
            f"'{path}' is no list of COCO results (category_id, segmentation, score)"
        )
    return results


def _annotations(scene: SceneItem) -> list[dict[str, Any]]:
    """The annotated objects as pycocotools wants them."""
    return [
        {
            "category_id": instance.category,
            "segmentation": instance.segmentation,
            "area": instance.area,
            "iscrowd": int(instance.crowd),
        }
        for instance in scene.instances
    ]


def _colours(ids: NDArray[np.int32], known: Sequence[int]) -> NDArray[np.uint8]:
    """uint8 [H, W]: a small number per segment, 0 for none."""
    shown = np.zeros(ids.shape, np.uint8)
    for place, number in enumerate(known):
        shown[ids == number] = 1 + place % 255
    return shown
