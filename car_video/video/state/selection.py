"""State per expression, taken over when expressions come, go or change places.

A *selection* is a list with one number for each new expression: its place among the old ones,
or :data:`NEW`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

NEW = -1


def matching(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """For each new text its place among the old ones, ``NEW`` for one that was not there.

    Capitals do not count. Equal texts are matched in their order.
    """
    places: dict[str, list[int]] = {}
    for place, text in enumerate(old):
        places.setdefault(text.casefold(), []).append(place)
    return [places[key].pop(0) if places.get(key := t.casefold()) else NEW for t in new]


def select(values: Tensor, places: Sequence[int], fill: float | bool) -> Tensor:
    """Entries of ``values`` [Q, ...] by their places, ``fill`` for new expressions."""
    numbers = torch.tensor(places, device=values.device)
    taken = values[numbers.clamp_min(0)] if len(values) else values.new_empty(0)
    taken[numbers == NEW] = fill
    return taken
