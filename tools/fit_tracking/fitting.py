"""The score of association from choices: a conditional logit with "none of them"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.generalisation.folds import leave_one_group_out
from car_video.video.tracking.association import SUPPORT_FLOOR, Association
from tools.fit_tracking.choices import SHOWS

ALIKE = 0.05
"""IoU by which a candidate may be worse than the best one and is still right: SAM's three
answers to a prompt are often one mask."""
RIDGE = 1e-3
"""Of the mean loss: nothing for what the choices tell, but numbers stay finite."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    """What one clip tells: its group, and float32 [n, columns] of ``choices.COLUMNS``."""

    group: str
    choices: NDArray[np.float32]


def features(rows: Floats) -> Floats:
    """[n, 6] in the order of the numbers of :class:`Association`."""
    known = ~np.isnan(rows[:, 4])
    support = np.log(np.maximum(np.where(known, rows[:, 4], 1), SUPPORT_FLOOR))
    ones = np.ones(len(rows))
    return np.stack([ones, rows[:, 1], rows[:, 2], rows[:, 3], support, known], 1)


def starts(rows: Floats) -> NDArray[np.intp]:
    """Where each choice begins."""
    return np.flatnonzero(np.diff(rows[:, 0], prepend=-1))


def fit(clips: Mapping[str, Clip], names: Sequence[str]) -> Association:
    """The numbers with the highest likelihood on some clips, every group weighing the same.

    Right are the candidate with the highest IoU and those as good; none, if it shows another
    object.
    """
    names = [name for name in names if len(clips[name].choices)]
    tables = [clips[name].choices.astype(np.float64) for name in names]
    rows, counts = np.concatenate(tables), [len(starts(table)) for table in tables]
    offsets = np.cumsum([0, *map(len, tables[:-1])])
    first = np.concatenate([starts(table) for table in tables]) + np.repeat(offsets, counts)
    owner = np.repeat(np.arange(len(first)), np.diff([*first, len(rows)]))
    groups = np.repeat([clips[name].group for name in names], counts)
    _, group, count = np.unique(groups, return_inverse=True, return_counts=True)
    weight = 1 / (count[group] * len(count))
    best = np.maximum.reduceat(rows[:, 5], first)
    right = (rows[:, 5] >= best[owner] - ALIKE) & (best[owner] >= SHOWS)
    part = right / np.maximum(np.add.reduceat(right.astype(int), first), 1)[owner]
    x, none = features(rows), best < SHOWS

    def loss(numbers: Floats) -> tuple[float, Floats]:
        odds = x @ numbers
        top = np.maximum(np.maximum.reduceat(odds, first), 0)
        total = top + np.log(np.add.reduceat(np.exp(odds - top[owner]), first) + np.exp(-top))
        said = odds - total[owner]
        bad = -(weight[owner] * part * said).sum() + (weight * none * total).sum()
        slope = x.T @ (weight[owner] * (np.exp(said) - part))
        return float(bad + RIDGE * numbers @ numbers / 2), slope + RIDGE * numbers

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    return Association(*found.tolist())


def worth(association: Association, rows: Floats) -> tuple[float, float, float, float]:
    """Mean IoU of what is chosen (0 where nothing is) and of the best on offer; part of the
    choices in which nothing is taken, and rightly so."""
    odds, first = features(rows) @ np.array(astuple(association)), starts(rows)
    same = odds - association.language * rows[:, 1]
    odds = np.where(same > 0, odds, -np.inf)
    ends = [*first[1:], len(rows)]
    chosen = np.array([a + odds[a:b].argmax() for a, b in zip(first, ends, strict=True)])
    taken = np.isfinite(odds[chosen])
    best = np.maximum.reduceat(rows[:, 5], first)
    lost = ~taken & (best < SHOWS)
    return (
        float((rows[chosen, 5] * taken).mean()),
        float(best.mean()),
        float((~taken).mean()),
        float(lost.mean()),
    )


def held_out(clips: Mapping[str, Clip]) -> str:
    """Markdown: the choices of every group by the numbers that were fitted without it."""
    groups = {name: clip.group for name, clip in clips.items() if len(clip.choices)}
    lines = ["| clip | choices | IoU | best | none | rightly |", "|---|---|---|---|---|---|"]
    means = []
    for fold in leave_one_group_out(groups):
        association = fit(clips, fold.fitted_on)
        for name in fold.scored_on:
            rows = clips[name].choices.astype(np.float64)
            found = worth(association, rows)
            means.append(found)
            cells = " | ".join(f"{value:.3f}" for value in found)
            lines.append(f"| {name} | {len(starts(rows))} | {cells} |")
    cells = " | ".join(f"{value:.3f}" for value in np.mean(means, 0))
    return "\n".join([*lines, f"| mean | | {cells} |"])
