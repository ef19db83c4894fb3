"""``MapMemory``: proposals that remember, for runs without mask candidates.

The map of every expression is mixed with what memory carries over from earlier frames, as
logits, so that an object stays on frames on which its own map is weak.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from car_video.config.video import MemoryConfig
from car_video.video.feature_memory import FeatureMemory, Votes
from car_video.video.state.selection import select
from car_video.video.state.tensors import State, joined, part_of, take
from car_video.video.tracking.timing import decay

# In which the part of memory falls to 1/e. Of a frame 1/24 s ago 0.7 stays (ref-davis-dev: J
# 0.538 without memory, 0.553 with 0.7, 0.504 with 0.85).
CARRIED_SECONDS = 0.117
SHARPNESS = 10.0  # labels are maps pushed apart around one half, or they would blur away
LIMITS = (0.02, 0.98)


class MapMemory:
    """Soft maps of all expressions, carried from frame to frame.

    Args:
        queries: how many expressions.
        config: see :class:`MemoryConfig`.
    """

    def __init__(self, queries: int, config: MemoryConfig) -> None:
        self.queries = queries
        self.memory = FeatureMemory(config)
        self.labels: Tensor | None = None
        self.known: Tensor | None = None

    def reset(self) -> None:
        """Forget all frames, as after a cut."""
        self.memory.clear()
        self.labels = self.known = None

    def select(self, places: Sequence[int]) -> None:
        """Other expressions from now on, see :mod:`car_video.video.state.selection`."""
        self.queries = len(places)
        if self.labels is not None and self.known is not None:
            self.labels = select(self.labels, places, 0.0)
            self.known = select(self.known, places, False)

    def match(self, features: Tensor, seconds: float) -> Votes | None:
        """From which cells those of a frame have come, so long after the last one; None without
        a past."""
        if self.memory.empty or self.labels is None:
            return None
        grid = int(features.shape[-2]), int(features.shape[-1])
        self.labels = self.memory.resize(grid, self.labels)
        return self.memory.match(features, seconds)

    def step(
        self,
        features: Tensor,
        votes: Votes | None,
        maps: Tensor,
        alive: Tensor,
        seconds: float,
    ) -> Tensor:
        """Maps [N, h, w] of the queries ``alive`` (int64 [N]), mixed with their past.

        Args:
            features: [D, h, w] unit features of the frame.
            votes: of :meth:`match`.
            maps: of the frame alone.
            alive: whose they are.
            seconds: since the last frame.
        """
        if votes is None or self.labels is None or self.known is None:
            shape = (self.queries, 1, self.memory.slots)
            labels = maps.new_zeros(*shape, maps.shape[-2] * maps.shape[-1])
            known = torch.zeros(shape, dtype=torch.bool, device=maps.device)
            mixed, first = maps, True
        else:
            labels, known, first = self.labels, self.known, False
            carried, remembered = votes.carry(labels[alive], known[alive])
            part = decay(seconds, CARRIED_SECONDS) * remembered[:, 0, None, None]
            mixed = torch.sigmoid((1 - part) * _logit(maps) + part * _logit(carried[:, 0]))
        sharp = torch.sigmoid(SHARPNESS * (mixed - 0.5)).flatten(1)
        newest = maps.new_zeros(self.queries, 1, sharp.shape[1])
        newest[alive, 0] = sharp
        proposed = torch.zeros(self.queries, 1, dtype=torch.bool, device=maps.device)
        proposed[alive] = True
        turnover = self.memory.push(features, first, seconds)
        self.labels = turnover.of(labels, newest)
        self.known = turnover.of(known, proposed)
        return mixed

    def state_dict(self) -> State:
        """``memory``, and ``labels`` and ``known`` once there was a frame."""
        state = joined({"memory": self.memory.state_dict()})
        if self.labels is not None and self.known is not None:
            state |= {"labels": self.labels, "known": self.known}
        return state

    def load_state_dict(self, state: State, device: torch.device) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.reset()
        if not state:
            return
        self.memory.load_state_dict(part_of(state, "memory"), device)
        cells = self.memory.cells
        shape = (self.queries, 1, self.memory.slots)
        labels = take(state, "labels", torch.float32, (*shape, cells))
        known = take(state, "known", torch.bool, shape)
        self.labels, self.known = labels.to(device), known.to(device)


def _logit(maps: Tensor) -> Tensor:
    return maps.clamp(*LIMITS).logit()
