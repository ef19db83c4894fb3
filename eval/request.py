"""What is to be evaluated, and every check of it that needs no model."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from car_video.errors import DataError, OutputError

from .benchmarks.base import Benchmark, Item, select
from .runner.store import RunStore
from .segmenters import SegmentersSpec


@dataclass(frozen=True)
class Request:
    """What to evaluate.

    Attributes:
        benchmark: with its data folder and options.
        out: folder for results.
        spec: model that predicts; None scores ``predictions``.
        predictions: masks of any tool; None with a model.
        labels: model, preset and mode as the reports name them.
        settings: further settings that change the numbers, plain data.
        limit, sequences: selection, see :func:`~.benchmarks.base.select`.
        workers, engine: how to run.
        resume, overwrite: what to do with earlier results in ``out``.
        unit: what a group of items is called, ``sequences`` or ``pictures``.
        command: the command line, to be recorded.
    """

    benchmark: Benchmark
    out: Path
    spec: SegmentersSpec | None = None
    predictions: Path | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None
    sequences: tuple[str, ...] = ()
    workers: int = 1
    engine: str = "local"
    resume: bool = False
    overwrite: bool = False
    unit: str = "sequences"
    command: str = ""

    @property
    def masks(self) -> Path:
        """Where the masks that are scored lie."""
        return self.predictions or RunStore(self.out).predictions


@dataclass(frozen=True)
class Selection:
    """The items that were chosen.

    Attributes:
        items: in the data set's order.
        groups: how many sequences or pictures they belong to.
        all_groups: how many the data set has.
        left_over: names in the predictions that belong to no item.
    """

    items: tuple[Item, ...]
    groups: int
    all_groups: int
    left_over: tuple[str, ...] = ()

    @property
    def partial(self) -> bool:
        """Whether something was left out."""
        return self.groups < self.all_groups


def check(request: Request) -> Selection:
    """The items to evaluate, after every check that needs no model.

    Raises:
        DataError: the data set or the predictions are not sound.
        OutputError: ``out`` is not the results' own folder, or holds earlier ones.
    """
    check_out(request)
    every = request.benchmark.items()
    counts = Counter(item.key for item in every)
    if twice := [key for key, count in counts.items() if count > 1]:
        raise DataError(f"the data set has two pictures or sequences '{twice[0]}'; rename one")
    items = select(every, request.limit, request.sequences)
    left_over: list[str] = []
    if request.predictions is not None:
        _check_predictions(request.benchmark, items, request.predictions)
        left_over = request.benchmark.left_over(every, request.predictions)
    groups = ({item.group for item in chosen} for chosen in (items, every))
    chosen, all_groups = (len(names) for names in groups)
    return Selection(tuple(items), chosen, all_groups, tuple(left_over))


def check_out(request: Request) -> None:
    """Results are written neither among the data nor, unasked, over earlier ones.

    Raises:
        OutputError: they would be.
    """
    out, data = request.out, request.benchmark.root
    if out.exists() and data.exists() and out.samefile(data):
        raise OutputError(f"--out '{out}' is the data folder; choose another --out")
    if out.exists() and not out.is_dir():
        raise OutputError(f"'{out}' is a file; name a folder with --out")
    standing = next(p for p in (out, *out.absolute().parents) if p.exists())
    if not os.access(standing, os.W_OK):
        raise OutputError(f"'{standing}' cannot be written; choose another --out")
    store = RunStore(out)
    if request.spec is None and store.holds_run:
        raise OutputError(
            f"'{out}' holds a run with results of its own; choose another --out for these"
        )
    if store.holds_results and not store.holds_run and not request.overwrite:
        raise OutputError(
            f"'{out}' holds earlier results; replace them with --overwrite or choose another "
            f"--out"
        )


def _check_predictions(benchmark: Benchmark, items: Sequence[Item], folder: Path) -> None:
    if not folder.exists():
        raise DataError(f"predictions '{folder}' do not exist; check the path")
    found = {item.key for item in items if benchmark.has_prediction(item, folder)}
    if not found:
        raise DataError(
            f"'{folder}' holds nothing for {benchmark.name} (looked for '{items[0].key}'"
            f"{_others(len(items) - 1)}); is it of another data set? See docs/benchmarks.md"
        )
    if len(found) < len(items) and folder.is_dir():  # a file may leave empty pictures out
        missing = next(item.key for item in items if item.key not in found)
        raise DataError(
            f"'{folder}' has no prediction for '{missing}'"
            f"{_others(len(items) - len(found) - 1)}; add what is missing or choose with "
            f"--sequences"
        )


def _others(count: int) -> str:
    return f" and {count} more" if count else ""
