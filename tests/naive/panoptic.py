"""Panoptic quality segment by segment, mask by mask: slow and obvious."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Entry = tuple[int, int, bool]  # id, category, crowd


def panoptic_counts(
    truth: np.ndarray, real: Sequence[Entry], predicted: np.ndarray, found: Sequence[Entry]
) -> dict[int, list[float]]:
    """IoU sum, matched, wrong and missed per category, from the words of the paper."""
    counts: dict[int, list[float]] = {}
    void = truth == 0
    matched_real, matched_found = set(), set()
    for identity, category, crowd in real:
        if crowd:
            continue
        counts.setdefault(category, [0.0, 0, 0, 0])
        for other, other_category, _ in found:
            if other_category != category:
                continue
            a, b = truth == identity, predicted == other
            iou = (a & b).sum() / ((a | b) & ~(void & b)).sum()
            if iou > 0.5:
                counts[category][0] += iou
                counts[category][1] += 1
                matched_real.add(identity)
                matched_found.add(other)
        if identity not in matched_real:
            counts[category][3] += 1
    for other, category, _ in found:
        if other in matched_found:
            continue
        mask = predicted == other
        left_out = void.copy()
        for identity, real_category, crowd in real:
            if crowd and real_category == category:
                left_out |= truth == identity
        if (mask & left_out).sum() <= mask.sum() / 2:
            counts.setdefault(category, [0.0, 0, 0, 0])[2] += 1
    return counts
