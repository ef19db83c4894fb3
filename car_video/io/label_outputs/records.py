"""JSON records in the forms of COCO: categories, pictures, panoptic segments, instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from car_video.text.vocabulary import Vocabulary
from car_video.types import BoolMasks, Instances, PanopticMap, SemanticMap

Record = dict[str, Any]


def categories(vocabulary: Vocabulary) -> list[Record]:
    """One record per class; ``id`` is the class's number in the data set."""
    return [
        {
            "id": label.number,
            "name": label.name,
            "isthing": int(label.thing),
            "synonyms": list(label.synonyms),
        }
        for label in vocabulary.labels
    ]


def panoptic_segments(found: PanopticMap, numbers: Sequence[int]) -> list[Record]:
    """``segments_info`` of a picture, with a score besides.

    Args:
        found: the segments.
        numbers: of the classes in the data set, by position.
    """
    return [
        {
            "id": segment.id,
            "category_id": numbers[segment.label],
            "isthing": int(segment.thing),
            "iscrowd": 0,
            "area": segment.area,
            "bbox": _box(found.ids == segment.id),
            "score": round(segment.score, 6),
            **({} if segment.track is None else {"track_id": segment.track}),
        }
        for segment in found.segments
    ]


def instance_records(found: Instances, numbers: Sequence[int]) -> list[Record]:
    """Annotations of a picture in COCO's form, with scores; without picture and number."""
    return [
        {
            "category_id": numbers[label],
            "segmentation": encode_mask(mask),
            "area": int(mask.sum()),
            "bbox": _box(mask),
            "iscrowd": 0,
            "score": round(float(score), 6),
        }
        for mask, label, score in zip(
            found.masks, found.labels.tolist(), found.scores, strict=True
        )
        if mask.any()
    ]


def class_numbers(found: SemanticMap, numbers: Sequence[int]) -> NDArray[np.int32]:
    """int32 [H, W]: the number in the data set of each pixel's class."""
    return np.asarray(numbers, np.int32)[found.labels]


def encode_mask(mask: NDArray[np.bool_]) -> Record:
    """COCO's compressed run-length code, as JSON holds it."""
    code = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(v) for v in code["size"]], "counts": code["counts"].decode("ascii")}


def _box(mask: NDArray[np.bool_] | BoolMasks) -> list[int]:
    """x, y, width, height; zeros for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return [0, 0, 0, 0]
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1]
