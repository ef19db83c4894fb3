"""What doubts are worth on groups that were left out, and how sure the numbers are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.generalisation.folds import leave_one_group_out
from car_video.video.tracking.likeness import PLACES
from tools.fit_likeness.fitting import (
    AT,
    CLEAR,
    Clip,
    Floats,
    Numbers,
    fit,
    fit_signs,
    of_the_thing,
)
from tools.fit_likeness.looks import GRIDS, WAYS
from tools.fit_tracking.choices import SHOWS

Counts = NDArray[np.int64]

DRAWS = 200
"""Of groups, for the intervals."""
KINDS = ("the thing", "half of it", "after worse", *WAYS[2:])
"""Of looks: of the thing, where it was followed before and where less of it or another was; of
what is followed where it is hidden."""


def hides(rows: Floats, numbers: Numbers, grid: int) -> NDArray[np.bool_]:
    """bool [n]: looks that are doubted where a place is a cell of so many a side."""
    return np.asarray((numbers.odds(rows) < numbers.other) & (rows[:, AT[f"near {grid}"]] > 0))


def counted(rows: Floats, numbers: Numbers, grid: int) -> Counts:
    """int64 [kinds, 2]: how many looks, and how many of them are shown.

    See :data:`KINDS`.
    """
    shown = ~hides(rows, numbers, grid)
    way, right, same = rows[:, AT["way"]], rows[:, AT["iou"]] >= SHOWS, of_the_thing(rows)
    gone = np.isnan(rows[:, AT["iou"]]) & (rows[:, AT["iou before"]] >= CLEAR)
    half = WAYS.index("half")
    kinds = [same & (way == 0), same & (way == half), right & ~same]
    kinds += [gone & (way == number) for number in range(half + 1, len(WAYS))]
    return np.array([(kind.sum(), (kind & shown).sum()) for kind in kinds])


def held_out(clips: Mapping[str, Clip]) -> dict[str, tuple[float, dict[int, Counts]]]:
    """By group: where doubt begins when fitted without it, and its :func:`counted` by grid."""
    found = {}
    for fold in leave_one_group_out({name: clip.group for name, clip in clips.items()}):
        numbers = fit(clips, fold.fitted_on)
        rows = np.concatenate([clips[name].looks for name in fold.scored_on]).astype(np.float64)
        counts = {grid: counted(rows, numbers, grid) for grid in GRIDS}
        found[fold.group] = numbers.other, counts
    return found


def totals(found: Mapping[str, tuple[float, dict[int, Counts]]]) -> dict[int, Counts]:
    """Of all groups, by grid."""
    return {grid: sum(own[grid] for _, own in found.values()) for grid in GRIDS}  # type: ignore[misc]


def table(found: Mapping[str, tuple[float, dict[int, Counts]]]) -> str:
    """Markdown: how many of the looks are shown."""
    rows = {f"{group} ({other:.1f})": own[PLACES] for group, (other, own) in found.items()}
    rows.update({f"all, {grid} cells": own for grid, own in totals(found).items()})
    lines = [f"| shown of | {' | '.join(KINDS)} |", "|---" * (1 + len(KINDS)) + "|"]
    for name, counts in rows.items():
        lines.append(f"| {name} | {' | '.join(f'{b}/{a}' for a, b in counts)} |")
    return "\n".join(lines)


def intervals(clips: Mapping[str, Clip], draws: int = DRAWS) -> tuple[Floats, Floats]:
    """2.5 % and 97.5 % of the numbers of the regressions, groups drawn with replacement."""
    rng = np.random.default_rng(0)
    groups = sorted({clip.group for clip in clips.values()})
    found = []
    for _ in range(draws):
        drawn: dict[str, Clip] = {}
        for turn, group in enumerate(rng.choice(groups, len(groups))):
            for name, clip in clips.items():
                if clip.group == group:
                    drawn[f"{name} {turn}"] = Clip(f"{group} {turn}", clip.looks)
        numbers = fit_signs(drawn, sorted(drawn))
        found.append([*numbers.step, *numbers.glance])
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    return low, high
