"""Which masks go into which matte, and its edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.names import file_names
from car_video.io.exports.options import ExportOptions
from car_video.io.mattes.edges import EdgeFilter
from car_video.types import FramePrediction


@dataclass(frozen=True, slots=True)
class Matte:
    """One object, or all of them together.

    Attributes:
        name: of its file or folder; empty for all together.
        query: index of the expression, None for all.
        edges: of its frames, one after another.
    """

    name: str
    query: int | None
    edges: EdgeFilter

    def alpha(
        self, prediction: FramePrediction, image: NDArray[np.uint8] | None
    ) -> NDArray[np.float32]:
        """float32 [H, W] in [0, 1] of the next frame; ``image`` is needed for soft edges."""
        return self.edges.step(self.mask(prediction), image)

    def mask(self, prediction: FramePrediction) -> NDArray[np.bool_]:
        """bool [H, W]."""
        masks = prediction.masks
        return np.asarray(masks.any(axis=0) if self.query is None else masks[self.query])


def mattes(run: FinishedRun, options: ExportOptions) -> list[Matte]:
    """One for all objects, or one for each."""
    named: list[tuple[str, int | None]] = [("", None)]
    if options.split:
        named = [(name, query) for query, name in enumerate(file_names(run.expressions))]
    return [Matte(name, query, EdgeFilter(options.edge_options)) for name, query in named]


def levels(alpha: NDArray[np.float32], kind: type[np.unsignedinteger[Any]]) -> NDArray[Any]:
    """[0, 1] as whole numbers of a kind, all of its range used."""
    return np.rint(np.clip(alpha, 0, 1) * np.float64(np.iinfo(kind).max)).astype(kind)
