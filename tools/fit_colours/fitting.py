"""Where garments are, and what their colour there says of who is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from car_video.segment.cues.colour_places import BANDS, View
from car_video.text.parsing.colours import TERMS
from car_video.text.parsing.garments import ZONES, Zone
from tools.fit_colours.photos import ROWS, Person

CUTS = tuple(np.linspace(0.35, 1.0, 14))
"""Parts of a person that a picture shows whose lower border cuts them off: from head and chest
to all of them, each as likely."""
NAMED = 0.6
"""Part of a garment that one term has to name best, so that people would call it so."""
SPARED = 0.25
"""Part of the other person's garment that may have the colour, so that it tells them apart."""
BASIC = len(TERMS) - 2
"""Terms without dark and light, which are no colours of their own."""

Profiles = dict[Zone, NDArray[np.float64]]


def banded(rows: NDArray[np.float64], part: float = 1.0) -> NDArray[np.float64]:
    """Sums [BANDS, ...] of the upper part of rows [ROWS, ...]."""
    shown = max(BANDS, round(ROWS * part))
    band = np.arange(shown) * BANDS // shown
    sums = np.zeros((BANDS, *rows.shape[1:]))
    np.add.at(sums, band, rows[:shown])
    return sums


def profiles(some: Sequence[Person], view: View) -> Profiles:
    """For each zone the probability that a pixel of a wearer is of it, by band: [BANDS]."""
    if view == "any":
        return {zone: np.ones(BANDS) for zone in ZONES}
    cuts = CUTS if view == "cut" else (1.0,)
    found = {}
    for zone in ZONES:
        shares = [
            banded(one.garments[zone], cut) / np.maximum(banded(one.pixels, cut), 1)
            for one in some
            if zone in one.garments
            for cut in cuts
        ]
        found[zone] = np.mean(shares, axis=0) if shares else np.zeros(BANDS)
    return found


def share(one: Person, weights: NDArray[np.float64], term: int, part: float) -> float | None:
    """Part of a person that has a colour, bands weighed; None where no band has a weight."""
    weight = weights * banded(one.pixels, part)
    colour = banded(one.colours[:, term], part)
    total = float(weight.sum())
    return float((weights * colour).sum()) / total if total > 1 else None


@dataclass(frozen=True)
class Pair:
    """A person who wears a zone in a colour, and one who does not."""

    wearer: Person
    other: Person
    zone: Zone
    term: int


def pairs(some: Sequence[Person], count: int, seed: int = 0) -> list[Pair]:
    """Random pairs of those people, as many as ``count``."""
    rng = np.random.default_rng(seed)
    worn = [
        (one, zone, int(names[:BASIC].argmax()))
        for one in some
        for zone, names in one.names.items()
        if names[:BASIC].max() >= NAMED
    ]
    found: list[Pair] = []
    while len(found) < count:
        wearer, zone, term = worn[int(rng.integers(len(worn)))]
        other = some[int(rng.integers(len(some)))]
        shown = [other.names[z][term] for z in rivals(zone) if z in other.names]
        if other is not wearer and max(shown, default=0.0) <= SPARED:
            found.append(Pair(wearer, other, zone, term))
    return found


def rivals(zone: Zone) -> tuple[Zone, ...]:
    """The zones where the colour of a zone would be taken for it."""
    body: tuple[Zone, ...] = ("upper", "coat", "dress", "skirt", "shorts", "trousers")
    groups: tuple[tuple[Zone, ...], ...] = (
        ("upper", "coat", "dress"),
        ("skirt", "shorts", "trousers", "dress"),
    )
    if zone in ("dress", "coat", "clothes"):
        return (*body, "clothes")
    return next((group for group in groups if zone in group), (zone,))


def shares(
    some: Sequence[Pair], of: Profiles, view: View, seed: int = 1
) -> NDArray[np.float64]:
    """float64 [N, 2]: :func:`share` of the wearers and of the others, N pairs at most."""
    rng = np.random.default_rng(seed)
    rows = []
    for pair in some:
        parts = [float(rng.choice(CUTS)) if view == "cut" else 1.0 for _ in range(2)]
        row = [
            share(one, of[pair.zone], pair.term, part)
            for one, part in zip((pair.wearer, pair.other), parts, strict=True)
        ]
        if row[0] is not None and row[1] is not None:
            rows.append([row[0], row[1]])
    return np.array(rows).reshape(-1, 2)


def logistic(table: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of the log-odds of being the wearer, over the share [N, 2]."""

    def loss(line: NDArray[np.float64]) -> float:
        odds = table * line[0] + line[1]
        return float(np.logaddexp(0, -odds[:, 0]).mean() + np.logaddexp(0, odds[:, 1]).mean())

    slope, offset = minimize(loss, np.array([5.0, -2.0])).x
    return float(slope), float(offset)


def told_apart(table: NDArray[np.float64]) -> float:
    """Part of the pairs in which the wearer has the higher share; equal ones count half."""
    apart = table[:, 0] - table[:, 1]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())
