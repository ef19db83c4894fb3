"""Which masks go into which matte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.names import file_names
from car_video.types import FramePrediction


@dataclass(frozen=True, slots=True)
class Matte:
    """One object, or all of them together.

    Attributes:
        name: of its file or folder; empty for all together.
        query: index of the expression, None for all.
    """

    name: str
    query: int | None

    def mask(self, prediction: FramePrediction) -> NDArray[np.bool_]:
        """bool [H, W]."""
        masks = prediction.masks
        return np.asarray(masks.any(axis=0) if self.query is None else masks[self.query])


def mattes(run: FinishedRun, split: bool | None) -> list[Matte]:
    """One for all objects, or one for each."""
    if not split:
        return [Matte("", None)]
    return [Matte(name, query) for query, name in enumerate(file_names(run.expressions))]
