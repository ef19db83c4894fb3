"""Object queries carried from picture to picture, so that identity comes from queries.

Two ways, neither of which the released weights were trained for:

* ``match``: every picture starts from the learned queries; its queries are paired with those of
  the picture before by the cosine of their states (MinVIS, arXiv 2208.02245).
* ``start``: the decoder starts from the states that the picture before has left, so that a
  query keeps its place.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from car_video.models.fcclip.network import MaskProposals

CarryOver = Literal["match", "start"]


class QueryCarrier:
    """Which query of a picture is which of the pictures before.

    Args:
        kind: see the module.

    Attributes:
        start: states [1, Q, C] to give to the next :meth:`FcClip.propose`, or None.
    """

    def __init__(self, kind: CarryOver) -> None:
        self.kind = kind
        self.start: Tensor | None = None
        self._last: Tensor | None = None

    def reset(self) -> None:
        """Forget everything: another scene begins."""
        self.start = self._last = None

    def step(self, proposals: MaskProposals) -> Tensor:
        """Take one picture's queries.

        Args:
            proposals: of one picture, made with :attr:`start`.

        Returns:
            int64 [Q]: the track of each query; tracks are numbered by the queries of the first
            picture, and every picture has all of them.
        """
        queries = proposals.queries[0]
        if self.kind == "start":
            self.start = proposals.states
            return torch.arange(len(queries), device=queries.device)
        if self._last is None:
            tracks = torch.arange(len(queries), device=queries.device)
        else:
            tracks = paired(self._last, queries)
        self._last = torch.empty_like(queries)
        self._last[tracks] = queries
        return tracks


def paired(before: Tensor, now: Tensor) -> Tensor:
    """int64 [Q]: the one of ``before`` that each of ``now`` is, all different.

    The sum of cosines is the largest possible.

    Args:
        before, now: states [Q, C].
    """
    cost = 1 - F.normalize(now, dim=-1) @ F.normalize(before, dim=-1).T
    rows, columns = linear_sum_assignment(cost.double().cpu().numpy())
    tracks = torch.empty(len(now), dtype=torch.int64)
    tracks[torch.from_numpy(rows)] = torch.from_numpy(columns)
    return tracks.to(now.device)
