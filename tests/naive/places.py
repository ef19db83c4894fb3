"""Instances and their order by brute force, one query at a time."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np


def nth(keys: np.ndarray, exists: np.ndarray, ordinal: int) -> np.ndarray:
    """Sum over all 2^M worlds in which some things exist: [M]."""
    result = np.zeros(len(keys))
    for world in product((0, 1), repeat=len(keys)):
        chance = prod(p if there else 1 - p for p, there in zip(exists, world, strict=True))
        order = sorted((n for n, there in enumerate(world) if there), key=lambda n: -keys[n])
        if len(order) >= ordinal:
            result[order[ordinal - 1]] += chance
    return result
