"""How much a colour says of who or what is meant, by what people write of their photos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.segment.cues.colour_places import (
    GROUPS,
    ColourPlaces,
    Group,
    coloured_shares,
    group_of,
)
from car_video.text.parsing.colours import TERMS, TargetColour
from car_video.text.parsing.garments import PLACES
from tools.fit_colours.captions import Shown
from tools.fit_colours.fitting import logistic, told_apart

OTHERS = 8
"""Other photos with which each is compared."""


def tables(
    some: Sequence[Shown], known: ColourPlaces, seed: int = 0
) -> dict[Group, NDArray[np.float64]]:
    """Shares of what a caption names and of what others name: [N, 3] for each group.

    Others have the same noun, or for clothes the same place, in another colour. The third
    column is the number of the photo.
    """
    rng = np.random.default_rng(seed)
    rows: dict[Group, list[tuple[float, float, int]]] = {group: [] for group in GROUPS}
    for number, one in enumerate(some):
        for colour in one.caption.colours:
            group, compared = group_of(colour.place), 0
            for n in rng.permutation(len(some)):
                other = some[int(n)]
                if compared == OTHERS:
                    break
                if other is not one and differs(one, other, colour):
                    pair = share(one, colour, known), share(other, colour, known)
                    rows[group].append((*pair, number))
                    compared += 1
    return {group: np.array(found).reshape(-1, 3) for group, found in rows.items()}


def differs(one: Shown, other: Shown, colour: TargetColour) -> bool:
    """Whether the other photo's caption tells of another colour of the same."""
    theirs = other.caption.colours
    if group_of(colour.place) == "clothes":
        same = any(c.place == colour.place for c in theirs)
    else:
        same = other.caption.head == one.caption.head
    return same and not any(set(c.terms) & set(colour.terms) for c in theirs)


def share(one: Shown, colour: TargetColour, known: ColourPlaces) -> float:
    """Part of the place that has the colour."""
    has = one.maps[[TERMS.index(term) for term in colour.terms]].amax(0)
    place, among = torch.tensor([[PLACES.index(colour.place)]]), torch.tensor([[colour.among]])
    found = coloured_shares(one.mask[None, None], has[None, None], place, among, known)
    return float(found)


def report(table: NDArray[np.float64]) -> tuple[float, float, str]:
    """Slope and offset, and a row of a table with 95 % intervals over photos."""
    rng = np.random.default_rng(0)
    photos = [table[table[:, 2] == number, :2] for number in np.unique(table[:, 2])]
    drawn = [
        np.concatenate([photos[n] for n in rng.integers(len(photos), size=len(photos))])
        for _ in range(200)
    ]
    slope, offset = logistic(table[:, :2])
    lines = np.array([logistic(some) for some in drawn])
    values = np.column_stack([[told_apart(some) for some in drawn], lines])
    low, high = np.percentile(values, [2.5, 97.5], axis=0)
    cells = (
        f"{value:.2f} ({a:.2f} to {b:.2f})"
        for value, a, b in zip(
            (told_apart(table[:, :2]), slope, offset), low, high, strict=True
        )
    )
    return slope, offset, f"{len(photos)} | " + " | ".join(cells)
