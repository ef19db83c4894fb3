"""The numbers of doubt from looks: two logistic regressions, and where doubt begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.generalisation.folds import leave_one_group_out
from car_video.video.tracking.likeness import PLACES
from tools.fit_likeness.looks import COLUMNS
from tools.fit_tracking.choices import SHOWS

RIDGE = 1e-3
"""Of the mean loss, as for the association: numbers stay finite where looks leave no doubt."""
ROUNDS = 10
"""At most, of choosing the look before that is more alike, and fitting."""
CLEAR = 0.7
"""IoU from which a mask shows a thing and hardly anything else: with less, what is left when
the thing is hidden is still much like what was followed."""
HIDES, TAIL = 1e-3, 0.1
"""Part of the looks of a thing that may be doubted; and that from which it is told, for a
thousandth is less than there are looks."""
DRAWS = 500
"""Of groups, for how sure that is."""

Floats = NDArray[np.float64]
AT = {name: place for place, name in enumerate(COLUMNS)}
STEP_SIGNS, GLANCE_SIGNS = ("cosine", "colour"), ("colour",)


@dataclass(frozen=True)
class Clip:
    """What one clip tells: its group, and float32 [n, columns] of ``looks.COLUMNS``."""

    group: str
    looks: NDArray[np.float32]


@dataclass(frozen=True)
class Numbers:
    """Log-odds that a look is of what was seen before.

    Attributes:
        step: on a frame with features: of 1, per cosine, per part with other colours.
        glance: between keyframes: of 1, per part with other colours.
        other: below which doubt begins.
    """

    step: tuple[float, ...]
    glance: tuple[float, ...]
    other: float = -np.inf

    def odds(self, rows: Floats) -> Floats:
        """[n] log-odds of looks [n, columns], by the look before that is more alike."""
        step, glance = design(rows, STEP_SIGNS), design(rows, GLANCE_SIGNS)
        found = np.where(
            glances(rows)[:, None], glance @ np.array(self.glance), step @ np.array(self.step)
        )
        return np.asarray(found.max(1))


def glances(rows: Floats) -> NDArray[np.bool_]:
    """Which looks have no features."""
    return np.isnan(rows[:, AT["cosine last"]])


def sign(rows: Floats, name: str) -> Floats:
    """[n, 2] of one sign against both looks before."""
    return rows[:, [AT[f"{name} last"], AT[f"{name} usual"]]]


def design(rows: Floats, names: Sequence[str]) -> Floats:
    """[n, 2, 1 + signs]."""
    ones = np.ones((len(rows), 2))
    return np.nan_to_num(np.stack([ones, *(sign(rows, name) for name in names)], 2))


def of_the_thing(rows: Floats) -> NDArray[np.bool_]:
    """bool [n]: the thing as before."""
    return np.asarray((rows[:, AT["iou before"]] >= CLEAR) & (rows[:, AT["iou"]] >= SHOWS))


def of_others(rows: Floats) -> NDArray[np.bool_]:
    """bool [n]: what has taken the place of a thing that is hidden, and is near."""
    gone = np.isnan(rows[:, AT["iou"]]) & (rows[:, AT["way"]] > 0)
    return np.asarray(
        gone & (rows[:, AT["iou before"]] >= CLEAR) & (rows[:, AT[f"near {PLACES}"]] > 0)
    )


def logistic(x: Floats, y: NDArray[np.bool_], weight: Floats, begin: Floats) -> Floats:
    """[signs] of the highest likelihood of y by x [n, signs]."""
    side = np.where(y, 1.0, -1.0)

    def loss(numbers: Floats) -> tuple[float, Floats]:
        margin = side * (x @ numbers)
        slope = -weight * side * np.exp(-np.logaddexp(0, margin))
        bad = (weight * np.logaddexp(0, -margin)).sum() + RIDGE * numbers @ numbers / 2
        return float(bad), x.T @ slope + RIDGE * numbers

    return np.asarray(minimize(loss, begin, jac=True, method="L-BFGS-B").x)


def regression(
    rows: Floats, groups: NDArray[np.str_], names: Sequence[str]
) -> tuple[float, ...]:
    """Numbers of the signs; every group weighs the same, and so do things and others."""
    thing = of_the_thing(rows)
    _, group = np.unique(groups, return_inverse=True)
    cell = 2 * group + thing
    count = np.bincount(cell, minlength=2 * len(set(groups)))
    groups_with = np.array([(count[kind::2] > 0).sum() for kind in (0, 1)])
    weight = 0.5 / (count[cell] * groups_with[thing.astype(int)])
    x = design(rows, names)
    numbers, chosen = np.zeros(x.shape[2]), np.zeros(0)
    for _ in range(ROUNDS):
        nearest = (x @ numbers).argmax(1)
        if np.array_equal(nearest, chosen):
            break
        chosen = nearest
        numbers = logistic(x[np.arange(len(x)), nearest], thing, weight, numbers)
    return tuple(numbers.tolist())


def fit_signs(clips: Mapping[str, Clip], names: Sequence[str]) -> Numbers:
    """The regressions on some clips."""
    rows = np.concatenate([clips[name].looks for name in names]).astype(np.float64)
    groups = np.repeat(
        [clips[name].group for name in names], [len(clips[name].looks) for name in names]
    )
    take = of_the_thing(rows) | of_others(rows)
    step, glance = take & ~glances(rows), take & glances(rows)
    return Numbers(
        regression(rows[step], groups[step], STEP_SIGNS),
        regression(rows[glance], groups[glance], GLANCE_SIGNS),
    )


def held_out_odds(clips: Mapping[str, Clip], names: Sequence[str]) -> dict[str, Floats]:
    """Log-odds of each clip's looks by numbers that its group has no part in."""
    found = {}
    for fold in leave_one_group_out({name: clips[name].group for name in names}):
        numbers = fit_signs(clips, fold.fitted_on)
        for name in fold.scored_on:
            found[name] = numbers.odds(clips[name].looks.astype(np.float64))
    return found


def quantile(odds: Floats) -> float:
    """Below which the part HIDES of log-odds lies, if their tail is exponential."""
    least = float(np.quantile(odds, TAIL))
    return least - float(np.mean(least - odds[odds <= least])) * float(np.log(TAIL / HIDES))


def limit(odds: Sequence[Floats]) -> float:
    """Below which less than the part HIDES of log-odds lies, for sure.

    The lower end of the 95 % interval, groups (each [n]) drawn with replacement; at most even
    odds.
    """
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(odds), (DRAWS, len(odds)))
    found = [quantile(np.concatenate([odds[group] for group in draw])) for draw in draws]
    return min(float(np.quantile(found, 0.025)), 0.0)


def fit(clips: Mapping[str, Clip], names: Sequence[str]) -> Numbers:
    """All numbers. Doubt begins where it hides less than a thousandth of the looks of things,
    by numbers that their group has no part in."""
    groups: dict[str, list[Floats]] = {}
    for name, odds in held_out_odds(clips, names).items():
        own = odds[of_the_thing(clips[name].looks.astype(np.float64))]
        if len(own):
            groups.setdefault(clips[name].group, []).append(own)
    found = fit_signs(clips, names)
    begins = limit([np.concatenate(own) for _, own in sorted(groups.items())])
    return Numbers(found.step, found.glance, begins)
