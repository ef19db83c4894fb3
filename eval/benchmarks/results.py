"""What a benchmark gives back: scores of items, tables, headline numbers, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Score = dict[str, Any]
"""Numbers of one item: plain data that survives JSON, every number finite."""

Cell = str | int | float | None
"""Of a table: floats are fractions, None is a number that does not exist."""


@dataclass(frozen=True)
class Table:
    """A table of the report.

    Attributes:
        title: what it is of.
        protocol: how the numbers were made, in one sentence; always printed with it.
        columns: heads.
        rows: cells, as many as there are columns.
    """

    title: str
    protocol: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: a key, what it is called, its value in [0, 1]."""

    key: str
    label: str
    value: float


@dataclass(frozen=True)
class Flicker:
    """Flicker of one sequence's masks, per frame transition.

    Attributes:
        label: name of the sequence.
        predicted: mean over transitions of the prediction.
        truth: the same of the ground truth, whose shape changes too.
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
        headline: the few numbers that get quoted, by name; fractions, each of one data set and
            split.
        metric: name of the number that the bars show.
        bars: one per sequence, class or set; ``per`` says which.
        ranking: item keys and values by which best and worst pictures are chosen.
        ranked_by: what these values are, for instance ``J&F of the sequence``.
        flicker: per sequence, empty for images.
        files: further text files by name (official CSVs).
        warnings: why the numbers may not be compared with others, a sentence each.
    """

    results: dict[str, Any]
    tables: tuple[Table, ...]
    headline: tuple[tuple[str, float], ...]
    metric: str
    bars: tuple[Bar, ...]
    per: str = "sequence"
    ranking: tuple[Bar, ...] = ()
    ranked_by: str = ""
    flicker: tuple[Flicker, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


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
