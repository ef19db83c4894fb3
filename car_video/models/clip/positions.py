"""Learned positional embeddings on other grids than the one they were trained for."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.models.numerics import wide

Interpolation = Literal["bilinear", "bicubic"]
Grid = tuple[int, int]


def resize_positions(
    table: Tensor, trained: Grid, wanted: Grid, interpolation: Interpolation = "bilinear"
) -> Tensor:
    """Positional embeddings for another grid; leading rows (class token) stay as they are.

    Args:
        table: [P + h * w, D]: P prefix rows, then the rows of the trained grid.
        trained: h, w that the table was learned for.
        wanted: rows and columns of the new grid.
        interpolation: "bilinear" as the reference of CaR, or "bicubic" with antialiasing as
            open_clip resizes checkpoints.

    Returns:
        [P + h' * w', D], computed in at least float32.
    """
    table = wide(table.detach())
    if trained == wanted:
        return table
    cells = trained[0] * trained[1]
    prefix, grid = table[:-cells], table[-cells:]
    grid = grid.T.reshape(1, -1, *trained)
    grid = F.interpolate(
        grid,
        wanted,
        mode=interpolation,
        align_corners=False,
        antialias=interpolation == "bicubic",
    )
    return torch.cat([prefix, grid.flatten(2)[0].T])


class PositionTable:
    """A table of positional embeddings, resized once per grid."""

    def __init__(
        self, table: Tensor, trained: Grid, interpolation: Interpolation, keep: int = 16
    ) -> None:
        """``keep``: how many grids are remembered; videos of one size need two."""
        self._table, self._trained = table.detach(), trained
        self._interpolation, self._keep = interpolation, keep
        self._cache: dict[Grid, Tensor] = {}

    def __call__(self, grid: Grid) -> Tensor:
        """[P + h * w, D] for this grid, at least float32."""
        if grid not in self._cache:
            if len(self._cache) >= self._keep:
                self._cache.pop(next(iter(self._cache)))
            self._cache[grid] = resize_positions(
                self._table, self._trained, grid, self._interpolation
            )
        return self._cache[grid]
