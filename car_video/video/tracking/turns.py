"""``Turns``: which expressions language prompts SAM for on a frame, when there are many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.video.state.tensors import State, as_array, take
from car_video.video.tracking.frames import LanguageFrame


class Turns:
    """Expressions take turns within a budget of prompts; tracks carry the others meanwhile.

    Expressions with words of place, or that name several things, do not take turns: what these
    words mean can only be told of masks that language has prompted on the same frame. So their
    evidence does not depend on how many expressions there are.

    Args:
        queries: how many expressions.

    Attributes:
        waited: int64 [Q] frames since the last turn of each.
    """

    def __init__(self, queries: int) -> None:
        self.waited = np.zeros(queries, np.int64)

    def select(self, places: Sequence[int]) -> None:
        """Other expressions from now on, see :mod:`car_video.video.state.selection`."""
        numbers = np.array(places)
        self.waited = np.where(numbers >= 0, self.waited[numbers], 0)

    def next(
        self, frame: LanguageFrame, room: int, trackless: NDArray[np.bool_] | None
    ) -> Tensor:
        """Places in ``frame.alive`` of the expressions that language prompts for, int64 [T].

        Args:
            frame: the frame.
            room: how many expressions have a turn. First those whose target may be in the
                frame and that have no track, then those that have waited longest.
            trackless: bool [Q] which expressions have no track; None on the first frame, on
                which all have a turn.
        """
        assert frame.alive is not None
        numbers = frame.alive.cpu().numpy()
        chosen = _always(frame)
        others = np.flatnonzero(~chosen)
        if trackless is None or len(others) <= room:
            chosen[:] = True
        else:
            possible = (
                np.ones(len(trackless), bool) if frame.possible is None else frame.possible
            )
            urgent = (possible & trackless)[numbers[others]]
            order = np.lexsort((self.waited[numbers[others]] * -1, ~urgent))
            chosen[others[order[:room]]] = True
        self.waited = self.waited + 1
        self.waited[numbers[chosen]] = 0
        return torch.from_numpy(np.flatnonzero(chosen)).to(frame.alive.device)

    def state_dict(self) -> State:
        """``waited``."""
        return {"waited": torch.from_numpy(self.waited)}

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.waited = as_array(take(state, "waited", torch.int64, (len(self.waited),)))


def _always(frame: LanguageFrame) -> NDArray[np.bool_]:
    """bool [N]: which of the queries alive have words of place or name several things."""
    assert frame.alive is not None
    always = torch.zeros(len(frame.alive), dtype=torch.bool)
    if frame.places is not None:
        always |= frame.places.has_place.cpu()
    if frame.plural is not None:
        always |= frame.plural.cpu()
    return np.asarray(always.numpy())
