"""``CarryOver``: CaR's hidden state h through time: which queries are still in the race.

On one picture CaR's h shrinks until nothing changes (arXiv 2312.07661, algorithm 1). Between
frames it is carried over: a frame between keyframes starts from the survivors of the last frame
and takes one step. Objects also appear, so a query that was dropped comes back when the whole
frame scores more for it than when it was dropped. That score costs nothing: the pooled
embedding of the frame is there anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from car_video.video.state.selection import select
from car_video.video.state.tensors import State, take

MARGIN = 0.05  # a score must rise by it, so that a query does not come and go every frame


class CarryOver:
    """Survivors of the last frame, and what the frame scores of the others were.

    Args:
        queries: how many there are.
    """

    def __init__(self, queries: int) -> None:
        self.alive = torch.ones(queries, dtype=torch.bool)
        self.dropped_at = torch.zeros(queries)

    def reset(self) -> None:
        """All queries are in the race again."""
        self.alive = torch.ones_like(self.alive)

    def select(self, places: Sequence[int]) -> None:
        """Other queries from now on, see :mod:`car_video.video.state.selection`."""
        self.alive = select(self.alive, places, True)
        self.dropped_at = select(self.dropped_at, places, 0.0)

    def start(self, scores: Tensor) -> Tensor:
        """Numbers of the queries that a frame starts with: int64 [N].

        Args:
            scores: [Q] how much the whole frame looks like each query.
        """
        again = ~self.alive & (scores.cpu() > self.dropped_at + MARGIN)
        return (self.alive | again).nonzero()[:, 0]

    def end(self, survivors: Tensor, scores: Tensor) -> None:
        """Take over the survivors of a frame (int64 [N]) and its scores [Q]."""
        alive = torch.zeros_like(self.alive)
        alive[survivors.cpu()] = True
        newly = self.alive & ~alive
        self.dropped_at = torch.where(newly, scores.cpu(), self.dropped_at)
        self.alive = alive

    def state_dict(self) -> State:
        """``alive`` and ``dropped_at``, each [Q]."""
        return {"alive": self.alive, "dropped_at": self.dropped_at}

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        shape = self.alive.shape
        alive = take(state, "alive", torch.bool, shape)
        dropped_at = take(state, "dropped_at", torch.float32, shape)
        self.alive, self.dropped_at = alive.cpu(), dropped_at.cpu()
