"""Means of the image sets with intervals over pictures, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from car_video.eval.metrics import ConfusionMatrix
from numpy.typing import NDArray

from benchmarks.generalisation.statistics import Mean, interval, mean_over_groups, resamples
from car_video.text.label_spaces import label_space

Records = Mapping[str, Mapping[str, Any]]
"""Key of an item -> what :func:`~benchmarks.generalisation.images.run_picture` gave."""

ALL = "all"
CLASSES = {"coco": "coco-object", "voc": "voc"}
PICTURES_RESAMPLED = 500
"""Bootstrap samples of a mean IoU, each of which adds up all confusion matrices anew."""


def expression_ious(records: Records) -> dict[str, dict[str, list[float]]]:
    """IoU of every expression of refcoco-dev: data set (and ``all``) -> picture -> values."""
    found: dict[str, dict[str, list[float]]] = {}
    for record in records.values():
        for sample in record["score"]["per-expression"]:
            value = sample["intersection"] / max(sample["union"], 1)
            for name in (ALL, sample["group"].split()[0]):
                pictures = found.setdefault(name, {})
                pictures.setdefault(record["group"], []).append(value)
    return dict(sorted(found.items()))


def confusions(part: str, records: Records) -> NDArray[np.int64]:
    """int64 [pictures, classes, classes], in the order of the records."""
    classes = len(label_space(CLASSES[part]).names) + 1
    counts = np.zeros((len(records), classes, classes), np.int64)
    for own, record in zip(counts, records.values(), strict=True):
        for row, column, pixels in record["score"]["confusion"]:
            own[row, column] = pixels
    return counts


def mean_iou(counts: NDArray[np.int64], background: Any = "count") -> float:
    """Mean IoU of pictures int64 [pictures, classes, classes] together."""
    matrix = ConfusionMatrix(counts.shape[-1])
    matrix.counts = counts.sum(0)
    return matrix.mean_iou(background)


def mean_ious(counts: NDArray[np.int64], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean IoU with background of resampled pictures.

    Args:
        counts: int64 [pictures, classes, classes].
        drawn: int64 [samples, pictures], numbers of pictures.

    Returns:
        float64 [samples].
    """
    return np.array([mean_iou(counts[sample]) for sample in drawn])


def semantic_mean(part: str, records: Records, background: Any = "count") -> Mean:
    """Mean IoU with its bootstrap interval over pictures."""
    counts = confusions(part, records)
    drawn = resamples(len(counts), PICTURES_RESAMPLED)
    values = [mean_iou(counts[sample], background) for sample in drawn]
    return Mean(mean_iou(counts, background), *interval(values), len(counts))


def report(part: str, records: Records) -> str:
    """The table of one image set."""
    if part == "refcoco":
        rows = [
            (f"mIoU per expression, {name} ({mean.count} on {len(pictures)} pictures)", mean)
            for name, pictures in expression_ious(records).items()
            for mean in [mean_over_groups(pictures)]
        ]
    else:
        rows = [
            (f"mIoU, {meaning}", semantic_mean(part, records, background))
            for background, meaning in (
                ("count", "background counts"),
                ("unlabelled", "background not scored"),
            )
        ]
    seconds = sum(float(record["seconds"]) for record in records.values())
    return "\n".join(
        [
            f"| {part} | value |",
            "|---|---|",
            *(f"| {name} | {mean} |" for name, mean in rows),
            "",
            f"{len(records)} pictures; {seconds / len(records):.2f} s of CPU each.",
        ]
    )
