"""Segments, classes or instances over the picture, in colours of their own, with a legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from car_video.io.writers.drawing import draw_overlay
from car_video.types import FramePrediction, Instances, PanopticMap, SemanticMap

LEAST_SCORE = 0.3
"""Of instances that are drawn; the file has all."""

MOST = 255
"""Masks that are drawn, the largest ones; there are no more colours."""


def draw_labels(
    image: NDArray[np.uint8],
    found: PanopticMap | SemanticMap | Instances,
    names: Sequence[str],
) -> NDArray[np.uint8]:
    """A copy of the picture with everything that was found in it.

    Args:
        image: uint8 [H, W, 3].
        found: of the same size.
        names: of the classes, by position.
    """
    if isinstance(found, PanopticMap):
        labels = [segment.label for segment in found.segments]
        scores = [segment.score for segment in found.segments]
        masks = [found.ids == segment.id for segment in found.segments]
    elif isinstance(found, SemanticMap):
        labels = np.unique(found.labels).tolist()
        masks = [found.labels == label for label in labels]
        scores = [float(found.scores[mask].mean()) for mask in masks]
    else:
        shown = found.scores >= LEAST_SCORE
        labels, scores = found.labels[shown].tolist(), found.scores[shown].tolist()
        masks = list(found.masks[shown])
    order = sorted(range(len(masks)), key=lambda i: -int(masks[i].sum()))[:MOST]
    prediction = FramePrediction(
        index=0,
        time=0.0,
        expressions=tuple(names[labels[i]] for i in order),
        masks=np.stack([masks[i] for i in order]) if order else _none(image),
        scores=np.clip(np.array([scores[i] for i in order], np.float32), 0, 1),
        present=np.ones(len(order), bool),
    )
    return draw_overlay(image, prediction)


def _none(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.zeros((0, *image.shape[:2]), bool)
