"""Which of several things of one kind a query means: "the tall girl", "the girl with a hat".

Maps of such queries show all things of their kind and do not compete. What tells them apart is
how well each query fits a region in comparison with the other queries of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class KindCue:
    """N queries in one picture, and the queries of one kind among which each is to be told.

    Attributes:
        logits: [N, h, w] of every query at every cell.
        same: bool [Q, N]: the queries of the kind of each of Q queries, itself among them.
        own: int64 [Q]: numbers of the Q queries.
    """

    logits: Tensor
    same: Tensor
    own: Tensor

    def __getitem__(self, rows: Tensor) -> KindCue:
        """Those of some queries, int64 or bool [K]; all logits stay."""
        rows = rows.to(self.same.device)
        return KindCue(self.logits, self.same[rows], self.own[rows])

    def match(self, masks: Tensor) -> Tensor:
        """Probability of each query among those of its kind, for the region under each mask.

        Args:
            masks: [Q, M, h, w] weights on the cells.

        Returns:
            [Q, M] in [0, 1]; 1 for a query that is the only one of its kind.
        """
        areas = masks.sum((-1, -2)).clamp_min(1e-6)
        means = torch.einsum("qmhw,nhw->qmn", masks, self.logits) / areas[..., None]
        means = means.masked_fill(~self.same[:, None], float("-inf"))
        own = self.own[:, None, None].expand(-1, masks.shape[1], 1)
        return means.softmax(-1).gather(-1, own)[..., 0]


def on_cells(logits: Tensor, grid: tuple[int, int]) -> Tensor:
    """Masks, logits [..., a, b], as shares of the cells of a grid: [..., h, w] in [0, 1]."""
    return F.adaptive_avg_pool2d((logits > 0).float(), grid)
