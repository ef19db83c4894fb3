"""Tables of a panoptic benchmark from the scores of its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from car_video.text.vocabulary import Vocabulary

from ..metrics.cityscapes_ap import cityscapes_precision
from ..metrics.confusion import ConfusionMatrix
from ..metrics.instance_ap import average_precision
from ..metrics.panoptic import CategoryCounts, PanopticCounts, Quality
from .base import Item
from .results import Bar, Score, Summary, Table

PQ_PROTOCOL = "PQ as panopticapi: matches above IoU 0.5, void and crowd left out"
_PRECISION = {
    "cityscapes": "as cityscapesScripts: masks, 8 classes; another measure than COCO's"
}
PARTS = ("all", "things", "stuff")


def summary_of(
    name: str, vocabulary: Vocabulary, scores: Mapping[str, Score], items: Sequence[Item]
) -> Summary:
    """Everything that the pictures come to."""
    chosen = [scores[item.key] for item in items]
    counts = PanopticCounts()
    for score in chosen:
        counts += counts_of(score)
    labels = vocabulary.labels
    parts = {
        "all": [label.number for label in labels],
        "things": [label.number for label in labels if label.thing],
        "stuff": [label.number for label in labels if not label.thing],
    }
    means = {part: counts.mean(numbers) for part, numbers in parts.items()}
    per_class = {
        label.name: quality
        for label in labels
        if (quality := counts.quality(label.number)) is not None
    }
    precision = _precision(name, vocabulary, chosen)
    miou = _mean_iou(len(labels), chosen)
    tables = [
        Table(
            f"{name}, {len(items)} pictures: panoptic quality",
            PQ_PROTOCOL,
            ("classes", "PQ", "SQ", "RQ", "occur"),
            tuple((part, *_cells(quality)) for part, quality in means.items()),
        ),
        Table(
            f"{name} by class",
            PQ_PROTOCOL,
            ("class", "PQ", "SQ", "RQ"),
            tuple((key, q.pq, q.sq, q.rq) for key, q in per_class.items())
            or (("none", None, None, None),),
        ),
    ]
    if precision is not None:
        tables.append(
            Table(
                f"{name}: instances",
                _PRECISION.get(name, "pycocotools, masks, 100 detections a picture"),
                tuple(precision),
                (tuple(precision.values()),),
            )
        )
    if miou is not None:
        tables.append(
            Table(
                f"{name}: classes of pixels",
                "one confusion matrix; mean over classes that are annotated",
                ("mIoU",),
                ((miou,),),
            )
        )
    overall = means["all"]
    headline = [("PQ", overall.pq)] if overall is not None else []
    headline += [("AP", precision["AP"])] if precision is not None else []
    headline += [("mIoU", miou)] if miou is not None else []
    return Summary(
        results={
            "protocol": PQ_PROTOCOL,
            "PQ": {part: None if q is None else vars_of(q) for part, q in means.items()},
            "per_class": {key: vars_of(q) for key, q in per_class.items()},
            "AP": precision,
            "mIoU": miou,
        },
        tables=tuple(tables),
        headline=tuple(headline),
        metric="PQ",
        per="class",
        bars=tuple(Bar(key, key, q.pq) for key, q in per_class.items()),
        ranking=tuple(Bar(i.key, i.key, _own_quality(scores[i.key])) for i in items),
        ranked_by="PQ of the picture",
    )


def counts_of(score: Score) -> PanopticCounts:
    """The counts of one picture from its score."""
    return PanopticCounts(
        {int(row[0]): CategoryCounts(float(row[1]), *map(int, row[2:])) for row in score["pq"]}
    )


def vars_of(quality: Quality) -> dict[str, Any]:
    """A quality as plain data."""
    return {"PQ": quality.pq, "SQ": quality.sq, "RQ": quality.rq, "classes": quality.count}


def _cells(quality: Quality | None) -> tuple[float | int | None, ...]:
    if quality is None:
        return None, None, None, 0
    return quality.pq, quality.sq, quality.rq, quality.count


def _own_quality(score: Score) -> float:
    counts = counts_of(score)
    mean = counts.mean(counts.categories)
    return 0.0 if mean is None else mean.pq


def _precision(
    name: str, vocabulary: Vocabulary, chosen: Sequence[Score]
) -> dict[str, float] | None:
    """AP where every picture has instances."""
    if not chosen or not all("instances" in score for score in chosen):
        return None
    if name == "cityscapes":
        return cityscapes_precision([score["instances"] for score in chosen])
    things = [label.number for label in vocabulary.labels if label.thing]
    return average_precision([score["instances"] for score in chosen], things)


def _mean_iou(classes: int, chosen: Sequence[Score]) -> float | None:
    """Mean IoU where every picture has a class map."""
    if not chosen or not all("confusion" in score for score in chosen):
        return None
    matrix = ConfusionMatrix(classes, None)
    for score in chosen:
        for row, column, count in score["confusion"]:
            matrix.counts[row, column] += count
    value = matrix.mean_iou()
    return None if np.isnan(value) else value
