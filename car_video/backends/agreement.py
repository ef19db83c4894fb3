"""How well masks agree with those that torch makes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel

LEAST_IOU = 0.98
"""Mean IoU with torch's masks from which a back end may take its place: a border that is off by
a fifth of a pixel all around a person 200 pixels high."""

MasksOf = Callable[[ModelPair, MaskModel | None], Sequence[NDArray[np.bool_]]]
"""Masks bool [H, W] of :func:`~car_video.backends.pictures.comparison_pictures`, one after the
other and for each of several expressions."""


def mean_iou(masks: Sequence[NDArray[np.bool_]], others: Sequence[NDArray[np.bool_]]) -> float:
    """IoU of masks, one by one, and their mean. Two empty masks agree."""
    return float(np.mean([_iou(a, b) for a, b in zip(masks, others, strict=True)]))


def _iou(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    union = int((mask | other).sum())
    return 1.0 if not union else int((mask & other).sum()) / union
