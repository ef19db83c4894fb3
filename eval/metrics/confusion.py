"""Mean IoU of semantic segmentation over a data set, from one matrix of pixel counts."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

Background = Literal["count", "unlabelled", "drop"]
"""What becomes of class 0, see :meth:`ConfusionMatrix.mean_iou`."""


class ConfusionMatrix:
    """Pixel counts by annotated and predicted class, added up image by image.

    Matrices of several workers add up with ``+=``; the order does not matter.

    Attributes:
        counts: int64 [classes, classes]; rows are annotated, columns predicted classes.
        ignore: annotated label whose pixels do not count, or None.
    """

    def __init__(self, classes: int, ignore: int | None = 255) -> None:
        """An empty matrix of `classes` classes, 0 being the background where there is one."""
        if classes < 1:
            raise ValueError(f"want at least one class, got {classes}")
        self.counts: NDArray[np.int64] = np.zeros((classes, classes), np.int64)
        self.ignore = ignore

    @property
    def classes(self) -> int:
        return int(self.counts.shape[0])

    def update(self, truth: NDArray[np.integer], prediction: NDArray[np.integer]) -> None:
        """Add one image: two integer label maps of one shape.

        Raises:
            DataError: sizes differ, or a label is not a class (nor, in `truth`, ignored).
        """
        if truth.shape != prediction.shape:
            raise DataError(
                f"prediction of size {prediction.shape}, annotation of size {truth.shape}; "
                "predict at the annotation's size"
            )
        if self.ignore is not None:
            known = truth != self.ignore
            truth, prediction = truth[known], prediction[known]
        for name, labels in (("annotation", truth), ("prediction", prediction)):
            if labels.size and not 0 <= labels.min() <= labels.max() < self.classes:
                raise DataError(
                    f"{name} has labels {labels.min()} to {labels.max()}, but the classes are "
                    f"0 to {self.classes - 1}; check that it belongs to this benchmark"
                )
        pairs = truth.astype(np.int64).ravel() * self.classes + prediction.ravel()
        added = np.bincount(pairs, minlength=self.classes**2)
        self.counts += added.reshape(self.counts.shape)

    def __iadd__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        """Add the images of another matrix.

        Raises:
            ValueError: it has other classes or ignores another label.
        """
        if self.counts.shape != other.counts.shape or self.ignore != other.ignore:
            raise ValueError("only matrices of the same classes and ignored label add up")
        self.counts += other.counts
        return self

    def class_iou(self, background: Background = "count") -> NDArray[np.float64]:
        """IoU of each class: float64 [classes], NaN where the class is not annotated.

        With a `background` other than ``count`` class 0 is NaN.
        """
        if background not in get_args(Background):
            raise ValueError(f"background: want one of {get_args(Background)}")
        counts = self.counts.astype(np.float64)
        if background != "count":
            counts[0] = 0
        if background == "drop":
            counts[:, 0] = 0
        annotated, predicted, shared = counts.sum(1), counts.sum(0), counts.diagonal()
        union = annotated + predicted - shared
        values = np.full(self.classes, np.nan)
        occurs = annotated > 0
        values[occurs] = shared[occurs] / union[occurs]
        return values

    def mean_iou(self, background: Background = "count") -> float:
        """Mean IoU over the classes that occur in the annotation; NaN if none does.

        Args:
            background: what becomes of class 0:

                - ``count``: it is a class like others (VOC-21, COCO-81, Context-60);
                - ``unlabelled``: pixels annotated as background do not count; a pixel of a
                  class that is predicted as background is an error (usual for VOC-20,
                  Context-59, ADE);
                - ``drop``: row and column 0 go, so such a pixel is no error either. CaR's
                  ``ignore_background`` (ADE, PC-459); more lenient, name it with the number.
        """
        values = self.class_iou(background)
        known = values[~np.isnan(values)]
        return float(known.mean()) if known.size else float("nan")

    def pixel_accuracy(self) -> float:
        """Share of the counted pixels whose class is right; NaN if there is none."""
        total = int(self.counts.sum())
        return float(self.counts.trace() / total) if total else float("nan")
