"""Average precision of instances as Cityscapes' own script computes it.

It differs from COCO's: a match needs *more* than the IoU, every prediction is held against
every object of its class (a second one that matches is wrong), objects below 100 pixels and
groups are neither right nor wrong, a wrong prediction that lies in these or in void by more
than the IoU is passed over, and the precision is not interpolated.

Source: cityscapesScripts 2.3.0, ``evalInstanceLevelSemanticLabeling``; equal to it to 1e-12 on
made-up data. Where all predictions of a class are passed over and no object is found, that
script stops with an error; here the precision is 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES: Mapping[int, str] = {
    24: "person", 25: "rider", 26: "car", 27: "truck", 28: "bus", 31: "train",
    32: "motorcycle", 33: "bicycle",
}  # fmt: skip
"""Numbers and names of the classes that have instances and count."""

OVERLAPS: NDArray[np.float64] = np.arange(0.5, 1.0, 0.05)
SMALLEST = 100
"""Pixels of an object that counts."""

GROUPS_BELOW = 1000
"""Numbers in ``instanceIds``: an object's is 1000 times its class and a count; a group's, as
that of anything without instances, is the class itself."""

VOID = (0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30)
"""Classes that are not evaluated."""

Record = dict[str, Any]


def match_cityscapes(
    truth: NDArray[np.int32], found: Sequence[tuple[int, float, NDArray[np.bool_]]]
) -> list[Record]:
    """What one picture gives to each class's curve, as plain data.

    Args:
        truth: [H, W] of ``instanceIds``.
        found: class, score and mask [H, W] of every prediction.

    Returns:
        per class that occurs: ``truth``, pixels of its objects and whether they are groups;
        ``found``, per prediction its score, pixels, pixels in void, and position and shared
        pixels of each object it touches.
    """
    numbers, places = np.unique(truth, return_inverse=True)
    places = places.reshape(truth.shape)
    areas = np.bincount(places.ravel(), minlength=len(numbers))
    void = np.isin(numbers, VOID)
    classes = np.where(numbers < GROUPS_BELOW, numbers, numbers // 1000)
    records: dict[int, Record] = {}
    for number in CLASSES:
        own = np.flatnonzero(classes == number)
        objects = [[int(areas[i]), bool(numbers[i] < GROUPS_BELOW)] for i in own]
        records[number] = {"category": number, "truth": objects, "found": []}
    for number, score, mask in found:
        if number not in CLASSES or not mask.any():
            continue
        shared = np.bincount(places[mask], minlength=len(numbers))
        own = shared[classes == number].tolist()
        touched = [[place, count] for place, count in enumerate(own) if count]
        pixels = int(mask.sum())
        entry = [float(score), pixels, int(shared[void].sum()), touched]
        records[number]["found"].append(entry)
    return [record for record in records.values() if record["truth"] or record["found"]]


def cityscapes_precision(pictures: Sequence[Sequence[Record]]) -> dict[str, float] | None:
    """AP over IoU 0.5 to 0.95 and AP50, means over classes that are annotated, and by class.

    Args:
        pictures: of :func:`match_cityscapes`.

    Returns:
        fractions by name; None where no object is annotated.
    """
    found = {}
    for number, name in CLASSES.items():
        own = [r for picture in pictures for r in picture if r["category"] == number]
        if any(_counts(entry) for record in own for entry in record["truth"]):
            found[name] = [_precision(own, overlap) for overlap in OVERLAPS]
    if not found:
        return None
    table = np.array(list(found.values()))
    return {
        "AP": float(table.mean()),
        "AP50": float(table[:, 0].mean()),
        **{name: float(np.mean(row)) for name, row in found.items()},
    }


def _counts(entry: Sequence[Any]) -> bool:
    """Whether an object is one that can be found or missed."""
    pixels, group = entry
    return not group and pixels >= SMALLEST


def _precision(records: Sequence[Record], overlap: float) -> float:
    """Area below the curve of one class at one IoU."""
    right: list[float] = []
    wrong: list[float] = []
    missed = 0
    for record in records:
        matches: dict[int, list[float]] = {}
        for score, pixels, void, touched in record["found"]:
            matched, passed = False, void
            for place, shared in touched:
                area, group = record["truth"][place]
                if shared / (area + pixels - shared) > overlap:
                    matched = True
                    matches.setdefault(place, []).append(score)
                passed += shared * (int(group) + int(area < SMALLEST))  # both: counted twice
            if not matched and passed / pixels <= overlap:
                wrong.append(score)
        for place, entry in enumerate(record["truth"]):
            if not _counts(entry):
                continue
            scores = sorted(matches.get(place, ()))
            missed += not scores
            right += scores[-1:]
            wrong += scores[:-1]
    if not right:
        return 0.0
    return _area(np.array(right), np.array(wrong), missed)


def _area(right: NDArray[np.float64], wrong: NDArray[np.float64], missed: int) -> float:
    """Area of the curve through every score, with (0, 1) at its end, by steps around points."""
    thresholds = np.unique(np.concatenate([right, wrong]))
    hits = len(right) - np.searchsorted(np.sort(right), thresholds)
    errors = len(wrong) - np.searchsorted(np.sort(wrong), thresholds)
    precision = np.append(hits / (hits + errors), 1.0)
    recall = np.append(hits / (len(right) + missed), 0.0)
    padded = np.concatenate([recall[:1], recall, [0.0]])
    return float(precision @ ((padded[:-2] - padded[2:]) / 2))
