"""Where a frame shows what a corrected frame shows under its mask: a soft map from features.

The cells of a frame are compared with all cells of the corrected frame, inside and outside of
the mask (global matching to a reference frame, as in FEELVOS, arXiv 1902.09513). Nothing
drifts: the reference stays the frame that was corrected by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

NEAREST = 8
"""Cells of each side that speak for a cell: one alone may be a chance likeness."""
MOST_CELLS = 32
"""Longest side in cells of the grid that is compared; it bounds the products at any size."""


@dataclass(frozen=True)
class Reference:
    """A corrected frame, as the frames around it are compared with it.

    Attributes:
        inside: [D, n] unit features of the cells that are mostly mask.
        outside: [D, m] of the others.
        temperature: of the softmax over the two sides.
    """

    inside: Tensor
    outside: Tensor
    temperature: float

    @classmethod
    def of(cls, features: Tensor, mask: Tensor, temperature: float) -> Reference:
        """The reference that a mask makes.

        Args:
            features: [D, h, w] of the frame, see
                :func:`~car_video.video.feature_memory.unit_features`.
            mask: bool [a, b], not empty. The cell with most of it is inside, however small it
                is.
            temperature: as :attr:`temperature`.
        """
        cells = _on_grid(features)
        grid = (int(cells.shape[-2]), int(cells.shape[-1]))
        part = F.adaptive_avg_pool2d(mask[None, None].float(), grid).flatten()
        inside = part >= part.max().clamp_max(0.5)
        flat = cells.flatten(1)
        return cls(flat[:, inside], flat[:, ~inside], temperature)

    def match(self, features: Tensor) -> Tensor:
        """[h, w] in [0, 1]: how much more each cell resembles the inside than the outside.

        Args:
            features: [D, h, w] unit features of another frame.
        """
        cells = _on_grid(features)
        flat = cells.flatten(1).T
        own, other = _likeness(flat, self.inside), _likeness(flat, self.outside)
        found = torch.sigmoid((own - other) / self.temperature)
        return found.unflatten(0, (int(cells.shape[-2]), int(cells.shape[-1])))


def _likeness(cells: Tensor, known: Tensor) -> Tensor:
    """Mean cosine of cells [n, D] with their nearest ones of [D, m]: [n]; -1 where m is 0."""
    if not known.shape[1]:
        return cells.new_full((len(cells),), -1.0)
    return (cells @ known).topk(min(NEAREST, known.shape[1]), 1).values.mean(1)


def _on_grid(features: Tensor) -> Tensor:
    """Unit features [D, h, w] on at most :data:`MOST_CELLS` cells a side."""
    rows, columns = int(features.shape[-2]), int(features.shape[-1])
    grid = min(rows, MOST_CELLS), min(columns, MOST_CELLS)
    if grid == (rows, columns):
        return features.float()
    return F.normalize(F.adaptive_avg_pool2d(features.float(), grid), dim=0)
