"""Own runs in a board of published numbers, where their protocol is the board's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from car_video.errors import DataError

from ..benchmarks.results import Cell, Table
from .published import Board, boards
from .runs import Run


def leaderboard(benchmark: str, runs: Sequence[Run]) -> tuple[list[Table], list[str]]:
    """Tables of a benchmark, best method first, and why a run is in none of them.

    Args:
        benchmark: name.
        runs: own ones; those of other benchmarks are refused.

    Raises:
        DataError: a run of another benchmark, or nothing to show.
    """
    for run in runs:
        if run.benchmark != benchmark:
            raise DataError(
                f"'{run.path}' is of {run.benchmark}, not of {benchmark}; name its own "
                f"leaderboard"
            )
    own = [board for board in boards() if board.benchmark == benchmark]
    if not own:
        known = ", ".join(dict.fromkeys(board.benchmark for board in boards()))
        raise DataError(
            f"there are no published numbers of {benchmark} here; there are of: {known}"
        )
    reasons = [{run.name: unfit(board, run) for run in runs} for board in own]
    tables = [
        _table(board, [run for run in runs if not why[run.name]])
        for board, why in zip(own, reasons, strict=True)
    ]
    left_out = [
        f"{run.name} is in no table: {reasons[0][run.name]}"
        for run in runs
        if all(why[run.name] for why in reasons)
    ]
    return tables, left_out


def unfit(board: Board, run: Run) -> str:
    """Why a run does not fit a board; empty where it does."""
    results = run.results
    if not results.get("complete", False):
        return "it is not of the whole set (some sequences were left out, or failed)"
    split = results.get("split", "")
    if board.split and split != board.split:
        return f"it is of split '{split}', the table of '{board.split}'"
    for key, wanted in board.needs.items():
        found = results.get(key)
        found = len(found) if isinstance(found, list) else found
        if found != wanted:
            return f"it has {found} {key}, the table {wanted}"
    if all(_number(results, path) is None for path in board.columns.values()):
        return "it has none of the table's numbers"
    return ""


def _number(results: Mapping[str, Any], path: str) -> float | None:
    """In percent; None where the run has no such number."""
    value: Any = results
    for key in path.split(" > "):
        value = value.get(key) if isinstance(value, Mapping) else None
    return 100 * value if isinstance(value, float) else None


def _table(board: Board, runs: Sequence[Run]) -> Table:
    """Sorted by the first column that a row has; own runs are marked."""
    rows: list[tuple[Cell, ...]] = [
        (row.method, row.kind, *row.numbers, row.source) for row in board.rows
    ]
    rows += [
        (
            f"* {run.name}",
            "own run",
            *(_number(run.results, path) for path in board.columns.values()),
            str(run.results.get("preset", run.results.get("model", ""))),
        )
        for run in runs
    ]
    rows.sort(key=_best, reverse=True)
    shown = [tuple(f"{c:.2f}" if isinstance(c, float) else c for c in row) for row in rows]
    heads = ("method", "kind", *board.columns, "source")
    return Table(f"{board.benchmark}, percent", board.protocol, heads, tuple(shown))


def _best(row: Sequence[Cell]) -> float:
    return next((float(c) for c in row[2:-1] if isinstance(c, int | float)), 0.0)
