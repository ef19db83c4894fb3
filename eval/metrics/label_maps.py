"""J and F of every object of one frame, straight from two label maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import bitmasks, contour
from .bitmasks import PackedMasks
from .region import jaccard

Scores = NDArray[np.float64]


def label_masks(labels: NDArray[np.uint8], objects: int) -> PackedMasks:
    """Packed masks [objects, H, words] of the ids 1 … `objects` of a label map [H, W]."""
    height, width = labels.shape
    masks = np.zeros((objects, height, -(-width // bitmasks.WORD)), np.uint64)
    for index in range(objects):
        masks[index] = bitmasks.pack(labels == index + 1)
    return masks


def paired_scores(
    truth: PackedMasks, prediction: PackedMasks, width: int, radius: int
) -> tuple[Scores, Scores]:
    """J and F of mask n against mask n.

    Args:
        truth: uint64 [N, H, words], see :mod:`bitmasks`; no void pixels.
        prediction: the same shape.
        width: columns of the image.
        radius: boundary tolerance in pixels.

    Returns:
        J and F, float64 [N] each.
    """
    region, measure = np.empty(len(truth)), np.empty(len(truth))
    for index, pair in enumerate(zip(truth, prediction, strict=True)):
        masks, columns = _crop(np.stack(pair), width)
        region[index] = jaccard(
            bitmasks.count(masks[0] & masks[1]), bitmasks.count(masks[0] | masks[1])
        )
        boundaries, disks = _boundaries(masks, columns, radius)
        measure[index] = contour.match(boundaries[0], disks[0], boundaries[1], disks[1])
    return region, measure


def all_pairs_scores(
    truth: PackedMasks, prediction: PackedMasks, width: int, radius: int
) -> tuple[Scores, Scores]:
    """J and F of every predicted mask against every annotated mask.

    Args:
        truth: uint64 [N, H, words], see :mod:`bitmasks`; no void pixels.
        prediction: uint64 [P, H, words].
        width: columns of the image.
        radius: boundary tolerance in pixels.

    Returns:
        J and F, float64 [P, N] each.
    """
    masks, width = _crop(np.concatenate([truth, prediction]), width)
    truth, prediction = masks[: len(truth)], masks[len(truth) :]
    intersection = _pair_counts(prediction, truth)
    areas = bitmasks.count(prediction)[:, None] + bitmasks.count(truth)[None, :]
    region = jaccard(intersection, areas - intersection)
    truth_boundary, truth_disks = _boundaries(truth, width, radius)
    prediction_boundary, prediction_disks = _boundaries(prediction, width, radius)
    measure = contour.f_measure(
        bitmasks.count(truth_boundary)[None, :],
        bitmasks.count(prediction_boundary)[:, None],
        _pair_counts(prediction_disks, truth_boundary),
        _pair_counts(prediction_boundary, truth_disks),
    )
    return region, measure


def _crop(masks: PackedMasks, width: int) -> tuple[PackedMasks, int]:
    """The part that holds every mask, and the columns of the image from its left end on."""
    rows, words = bitmasks.content_box(masks)
    return masks[:, rows, words], width - words.start * bitmasks.WORD


def _boundaries(masks: PackedMasks, width: int, radius: int) -> tuple[PackedMasks, PackedMasks]:
    """Boundaries and their dilations by the tolerance."""
    boundary = bitmasks.boundary(masks, width)
    return boundary, bitmasks.dilate(boundary, radius)


def _pair_counts(first: PackedMasks, second: PackedMasks) -> NDArray[np.int64]:
    """int64 [A, B]: pixels that mask a of `first` and mask b of `second` share."""
    counts = np.zeros((len(first), len(second)), np.int64)
    for index, masks in enumerate(first):
        counts[index] = bitmasks.count(masks & second)
    return counts
