"""Panoptic quality of segments over a data set, as ``cocodataset/panopticapi`` computes it.

Source: Kirillov et al., "Panoptic Segmentation" (arXiv 1801.00868), equation 1, and the
released evaluation, whose treatment of void and crowd regions counts (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

VOID = 0
"""Id of the pixels of a PNG that belong to no segment."""


@dataclass(frozen=True)
class PanopticSegment:
    """One segment as an annotation lists it.

    Attributes:
        id: in the PNG.
        category: number of its class.
        crowd: a region of many objects, which is neither found nor missed.
        area: pixels as the annotation states them; None counts them. The released evaluation
            takes the stated areas of the ground truth.
    """

    id: int
    category: int
    crowd: bool = False
    area: int | None = None


@dataclass
class CategoryCounts:
    """What the quality of one category is made of.

    Attributes:
        iou: sum over matched pairs.
        matched: pairs with IoU above 0.5 (true positives).
        wrong: predicted segments without a partner (false positives).
        missed: annotated segments without one (false negatives).
    """

    iou: float = 0.0
    matched: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, other: CategoryCounts) -> None:
        """Add the counts of other pictures."""
        self.iou += other.iou
        self.matched += other.matched
        self.wrong += other.wrong
        self.missed += other.missed


@dataclass(frozen=True)
class Quality:
    """PQ = SQ x RQ of one category, or the means of each over several.

    Attributes:
        pq, sq, rq: panoptic, segmentation and recognition quality.
        count: of categories that occur.
    """

    pq: float
    sq: float
    rq: float
    count: int = 1


@dataclass
class PanopticCounts:
    """Counts by category, added up picture by picture."""

    categories: dict[int, CategoryCounts] = field(default_factory=dict)

    def of(self, category: int) -> CategoryCounts:
        """The counts of a category, made where there are none."""
        return self.categories.setdefault(category, CategoryCounts())

    def __iadd__(self, other: PanopticCounts) -> PanopticCounts:
        for category, counts in other.categories.items():
            self.of(category).add(counts)
        return self

    def quality(self, category: int) -> Quality | None:
        """Of one category; None where it occurs neither in truth nor in predictions."""
        counts = self.categories.get(category, CategoryCounts())
        total = counts.matched + counts.wrong / 2 + counts.missed / 2
        if not total:
            return None
        return Quality(
            counts.iou / total,
            counts.iou / counts.matched if counts.matched else 0.0,
            counts.matched / total,
        )

    def mean(self, categories: Iterable[int]) -> Quality | None:
        """Means over the categories that occur; None where none does."""
        each = [q for category in categories if (q := self.quality(category)) is not None]
        if not each:
            return None
        pq, sq, rq = (sum(getattr(q, k) for q in each) / len(each) for k in ("pq", "sq", "rq"))
        return Quality(pq, sq, rq, len(each))


def compare_segments(
    truth: NDArray[np.integer],
    truth_segments: Sequence[PanopticSegment],
    predicted: NDArray[np.integer],
    predicted_segments: Sequence[PanopticSegment],
) -> PanopticCounts:
    """Counts of one picture.

    Args:
        truth, predicted: ids [H, W], 0 for void.
        truth_segments, predicted_segments: what the ids mean.

    Raises:
        DataError: maps of different sizes; a predicted id without a segment, or a predicted
            segment without a pixel.
    """
    if truth.shape != predicted.shape:
        raise DataError(
            f"prediction of size {predicted.shape}, annotation of size {truth.shape}; predict "
            "at the annotation's size"
        )
    real = {segment.id: segment for segment in truth_segments}
    found = {segment.id: segment for segment in predicted_segments}
    areas = _areas(predicted)
    if alien := sorted(areas.keys() - found.keys() - {VOID}):
        raise DataError(f"the PNG has a segment {alien[0]} that the JSON lacks")
    if empty := sorted(found.keys() - areas.keys()):
        raise DataError(f"the JSON has a segment {empty[0]} without a pixel in the PNG")
    shared = _intersections(truth, predicted)
    true_areas = _areas(truth)
    result = PanopticCounts()
    matched: set[int] = set()
    partners: set[int] = set()
    for (one, other), pixels in shared.items():
        a, b = real.get(one), found.get(other)
        if a is None or b is None or a.crowd or a.category != b.category:
            continue
        stated = true_areas[one] if a.area is None else a.area
        union = areas[other] + stated - pixels - shared.get((VOID, other), 0)
        iou = pixels / union
        if iou > 0.5:
            counts = result.of(a.category)
            counts.iou += iou
            counts.matched += 1
            matched.add(one)
            partners.add(other)
    crowds: dict[int, int] = {}  # the last one of each category
    for segment in real.values():
        if segment.id in matched:
            continue
        if segment.crowd:
            crowds[segment.category] = segment.id
        else:
            result.of(segment.category).missed += 1
    for segment in found.values():
        if segment.id in partners:
            continue
        ignored = shared.get((VOID, segment.id), 0)
        if segment.category in crowds:
            ignored += shared.get((crowds[segment.category], segment.id), 0)
        if ignored / areas[segment.id] <= 0.5:
            result.of(segment.category).wrong += 1
    return result


def _areas(ids: NDArray[np.integer]) -> Mapping[int, int]:
    values, counts = np.unique(ids, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _intersections(
    truth: NDArray[np.integer], predicted: NDArray[np.integer]
) -> Mapping[tuple[int, int], int]:
    """Pixels of every pair of ids that meet."""
    pairs = truth.astype(np.int64) << 32 | predicted.astype(np.int64)
    values, counts = np.unique(pairs, return_counts=True)
    return {
        (pair >> 32, pair & 0xFFFFFFFF): count
        for pair, count in zip(values.tolist(), counts.tolist(), strict=True)
    }
