"""Average precision of instance masks with pycocotools, picture by picture.

Matching is done per picture and kept as plain data, so that a run can be resumed and spread
over processes; the curves are accumulated over all pictures at the end, by pycocotools too.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Record = dict[str, Any]
DETECTIONS = 100
"""Of a picture that count, the best first."""

_ALL = [0, 10_000_000_000]


def match_instances(
    size: tuple[int, int],
    truth: Sequence[Mapping[str, Any]],
    found: Sequence[Mapping[str, Any]],
) -> list[Record]:
    """What one picture gives to each category's curve.

    Args:
        size: height and width.
        truth: COCO annotations: ``category_id``, ``segmentation``, ``area``, ``iscrowd``.
        found: COCO results: ``category_id``, ``segmentation``, ``score``.

    Returns:
        per category that occurs: scores, matches and ignored detections at ten IoUs, and which
        annotated objects are ignored.
    """
    numbers = sorted({int(entry["category_id"]) for entry in (*truth, *found)})
    evaluation = _evaluation(numbers, [1])
    evaluation.cocoGt = _coco(size, numbers, truth)
    if not found:
        empty: COCO = _coco(size, numbers, [])
        evaluation.cocoDt = empty
    else:
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation.cocoDt = evaluation.cocoGt.loadRes(
                [{**entry, "image_id": 1} for entry in found]
            )
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
    return [
        {
            "category": int(image["category_id"]),
            "scores": [float(v) for v in image["dtScores"]],
            "matches": (np.asarray(image["dtMatches"]) > 0).astype(int).tolist(),
            "ignored": np.asarray(image["dtIgnore"]).astype(int).tolist(),
            "truth_ignored": np.asarray(image["gtIgnore"]).astype(int).tolist(),
        }
        for image in evaluation.evalImgs
        if image is not None
    ]


def average_precision(
    pictures: Sequence[Sequence[Record]], categories: Sequence[int]
) -> dict[str, float] | None:
    """AP over IoU 0.5 to 0.95, AP50 and AP75, means over categories that are annotated.

    Args:
        pictures: of :func:`match_instances`, one per picture.
        categories: all that count.

    Returns:
        fractions by name; None where no object is annotated.
    """
    order = {category: place for place, category in enumerate(sorted(categories))}
    evaluation = _evaluation(sorted(categories), list(range(1, len(pictures) + 1)))
    entries: list[Any] = [None] * (len(order) * len(pictures))
    for number, picture in enumerate(pictures):
        for record in picture:
            if record["category"] not in order:
                continue
            entries[order[record["category"]] * len(pictures) + number] = {
                "image_id": number + 1,
                "category_id": record["category"],
                "aRng": _ALL,
                "maxDet": DETECTIONS,
                "dtScores": record["scores"],
                "dtMatches": np.array(record["matches"], float).reshape(10, -1),
                "dtIgnore": np.array(record["ignored"], bool).reshape(10, -1),
                "gtIgnore": np.array(record["truth_ignored"], float),
            }
    evaluation.evalImgs = entries
    evaluation._paramsEval = evaluation.params
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 0]  # IoU, recall, category
    known = precision[:, :, (precision > -1).any((0, 1))]
    if not known.size:
        return None
    return {
        "AP": float(known.mean()),
        "AP50": float(known[0].mean()),
        "AP75": float(known[5].mean()),
    }


def _evaluation(categories: Sequence[int], images: Sequence[int]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(iouType="segm")
    evaluation.params.catIds = list(categories)
    evaluation.params.imgIds = list(images)
    evaluation.params.maxDets = [DETECTIONS]
    evaluation.params.areaRng = [_ALL]
    evaluation.params.areaRngLbl = ["all"]
    return evaluation


def _coco(
    size: tuple[int, int], categories: Sequence[int], annotations: Sequence[Mapping[str, Any]]
) -> COCO:
    """A COCO data set of one picture."""
    coco = COCO()
    coco.dataset = {
        "info": {},
        "images": [{"id": 1, "height": size[0], "width": size[1]}],
        "categories": [{"id": number} for number in categories],
        "annotations": [
            {"iscrowd": 0, **entry, "id": place, "image_id": 1}
            for place, entry in enumerate(annotations, 1)
        ],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco
