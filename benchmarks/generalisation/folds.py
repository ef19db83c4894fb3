"""Leave one group out: what is fitted is fitted without the group that it is scored on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Fold:
    """One group against the others.

    Attributes:
        group: that is left out.
        fitted_on: names of all other groups' sequences, sorted.
        scored_on: names of the group's sequences, sorted.
    """

    group: str
    fitted_on: tuple[str, ...]
    scored_on: tuple[str, ...]


def sequence_groups(data: Path) -> dict[str, str]:
    """The group of every sequence of ``ref-video-dev`` below ``data``.

    Raises:
        FileNotFoundError: the set is not there.
    """
    record = json.loads((data / "ref-video-dev" / "sentences.json").read_text("utf-8"))
    return {name: entry["group"] for name, entry in record["sequences"].items()}


def leave_one_group_out(groups: Mapping[str, str]) -> Iterator[Fold]:
    """A fold for every group, by name. Each sequence is scored exactly once.

    Args:
        groups: sequence (or picture) -> group; those of one group resemble each other.

    Raises:
        ValueError: fewer than two groups, so that nothing is left to fit on.
    """
    if len(set(groups.values())) < 2:
        raise ValueError("want at least two groups: one to score, others to fit on")
    for group in sorted(set(groups.values())):
        inside = tuple(sorted(name for name, own in groups.items() if own == group))
        outside = tuple(sorted(name for name, own in groups.items() if own != group))
        yield Fold(group, outside, inside)


def cross_fitted(
    groups: Mapping[str, str],
    fit: Callable[[tuple[str, ...]], T],
    score: Callable[[T, str], float],
) -> dict[str, float]:
    """Every sequence's score with what was fitted without its group.

    Args:
        groups: sequence -> group.
        fit: what the named sequences give: weights, thresholds.
        score: of one sequence with it.

    Returns:
        sequence -> score.
    """
    scores = {}
    for fold in leave_one_group_out(groups):
        fitted = fit(fold.fitted_on)
        scores.update({name: score(fitted, name) for name in fold.scored_on})
    return scores
