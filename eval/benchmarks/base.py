"""What every benchmark is: a list of items, how to predict one, how to score one, a summary.

A benchmark object is small and picklable; it travels to worker processes and machines.
Everything that one item needs travels in the item.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from ..segmenters import Segmenters

Score = dict[str, Any]
"""Numbers of one item, plain data that survives JSON."""

Cell = str | int | float | None


@dataclass(frozen=True)
class Item:
    """A unit of work that is predicted, scored and resumed as a whole.

    Attributes:
        key: unique relative path, for instance ``annot1/bear``.
        group: the sequence or picture it belongs to; ``--limit`` and ``--sequences`` count
            groups.
        payload: what the benchmark needs, picklable.
    """

    key: str
    group: str
    payload: Any


@dataclass(frozen=True)
class Options:
    """Choices of protocol; each benchmark uses those that mean something to it.

    Attributes:
        task: DAVIS task, ``semi-supervised`` or ``unsupervised``.
        annotators: names of the annotators that count (``annot1`` or ``1``); empty for all.
        objects: ``together`` (all objects of an annotator compete in one run) or
            ``one-by-one`` (each expression alone); empty where masks are only scored.
        split: part of the data set; empty for the benchmark's own default.
        datasets: members of a family that count (``refcoco+``); empty for all.
        protocols: of a referring-image benchmark: ``joint``, ``per-expression`` or both.
    """

    task: str = "semi-supervised"
    annotators: tuple[str, ...] = ()
    objects: str = "together"
    split: str = ""
    datasets: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ("joint", "per-expression")


@dataclass(frozen=True)
class Table:
    """A table of the report; ``protocol`` is printed with it, always."""

    title: str
    protocol: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Bar:
    """One bar of the per-item chart: item key, what it is called, its value in [0, 1]."""

    key: str
    label: str
    value: float


@dataclass(frozen=True)
class Flicker:
    """Instability of one sequence's masks, per frame transition.

    Attributes:
        label: name of the sequence.
        predicted: mean over transitions of the prediction.
        truth: the same measure of the ground truth, the floor that cannot be beaten.
        series: prediction's value of each transition.
    """

    label: str
    predicted: float
    truth: float
    series: tuple[float, ...]


@dataclass(frozen=True)
class Summary:
    """What a run comes to.

    Attributes:
        results: goes into ``results.json``.
        tables: printed and put into the reports.
        headline: the few numbers that get quoted, by name.
        metric: name of the number that the bars show.
        bars: one per sequence, class or set; ``per`` says which.
        ranking: item keys and values by which best and worst pictures are chosen.
        flicker: per sequence, empty for images.
        files: further text files by name (official CSVs).
    """

    results: dict[str, Any]
    tables: tuple[Table, ...]
    headline: tuple[tuple[str, float], ...]
    metric: str
    bars: tuple[Bar, ...]
    per: str = "sequence"
    ranking: tuple[Bar, ...] = ()
    flicker: tuple[Flicker, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Strip:
    """A picture of the report: one frame with its prediction and ground truth.

    Attributes:
        title: sequence, frame and expression.
        image: uint8 [H, W, 3].
        predicted, truth: uint8 [H, W] label maps.
        ignored: bool [H, W] pixels that are not scored, or None.
    """

    title: str
    image: NDArray[np.uint8]
    predicted: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    ignored: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Benchmark(ABC):
    """One benchmark on one data folder with its options chosen.

    Attributes:
        root: the data folder.
        options: the choices of protocol.
        name: as on the command line.
    """

    root: Path
    options: Options
    name: str = ""

    @abstractmethod
    def items(self) -> list[Item]:
        """Every item, in the data set's order; DataError when the folder is not sound."""

    @abstractmethod
    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        """Segment one item and write its masks below ``out``."""

    @abstractmethod
    def has_prediction(self, item: Item, predictions: Path) -> bool:
        """Whether the folder or file holds anything for this item (cheap)."""

    @abstractmethod
    def score(self, item: Item, predictions: Path) -> Score:
        """Numbers of one item from masks on disk, its own or another tool's."""

    @abstractmethod
    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        """Tables and results from the scores of the items that succeeded."""

    @abstractmethod
    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        """Pictures of one item for the report."""

    def finish(self, items: Sequence[Item], predictions: Path, out: Path) -> list[Path]:
        """Write what a submission needs, if anything; returns the files."""
        return []


def select(items: Sequence[Item], limit: int | None, names: Sequence[str]) -> list[Item]:
    """The items of the chosen groups.

    Args:
        limit: how many groups from the front, None for all.
        names: groups to take; empty for all.

    Raises:
        DataError: a name that is no group, or nothing left.
    """
    groups = list(dict.fromkeys(item.group for item in items))
    if unknown := [name for name in names if name not in set(groups)]:
        shown = ", ".join(groups[:8]) + (" ..." if len(groups) > 8 else "")
        raise DataError(f"unknown sequence or image '{unknown[0]}'; this data set has: {shown}")
    kept = set([g for g in groups if not names or g in names][:limit])
    chosen = [item for item in items if item.group in kept]
    if not chosen:
        raise DataError("nothing to evaluate: the data set or the selection is empty")
    return chosen


def spread(length: int, count: int) -> list[int]:
    """``count`` indices spread over a sequence, without its ends: 2 of 9 are 3 and 6."""
    return [length * (i + 1) // (count + 1) for i in range(count)] if length else []
