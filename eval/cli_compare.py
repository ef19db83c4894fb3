"""The commands on finished runs and on data: compare, leaderboard, table, fetch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from car_video.errors import DataError, OutputError

from . import cli_options
from .benchmarks import REGISTRY
from .display import Display

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN...", help="Folders (--out) of finished evaluations."),
]
ComparisonOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        parser=cli_options.path,
        metavar="DIR",
        help="Folder for report.html, report.md and comparison.json.",
        show_default="print only",
    ),
]
ParquetFile = Annotated[
    Path,
    typer.Option("--out", parser=cli_options.path, metavar="FILE", help="File to write."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Benchmark = Annotated[str, typer.Argument(help="Name, see 'car-eval list'.")]
CheckedData = Annotated[
    Path | None,
    typer.Option(
        parser=cli_options.path,
        metavar="DIR",
        help="Folder to check: layout, counts, checksums.",
        show_default="none",
    ),
]


def compare(
    runs: Runs,
    out: ComparisonOut = None,
    overwrite: Overwrite = False,
    quiet: cli_options.Quiet = False,
) -> None:
    """Compare runs of one benchmark: differences, intervals, significance."""
    from .comparison import page, pairs
    from .comparison.runs import read_runs

    found = pairs.compare(read_runs(runs))
    display = Display(quiet)
    if out is not None:
        _check_free(out, runs, overwrite)
    for table in (page.summary_table(found), page.pair_table(found)):
        display.table(table)
    for pair in found.pairs:
        display.line(str(pair))
    for warning in found.warnings:
        display.warning(warning)
    if out is not None:
        display.written(page.write_page(found, out), out)


def leaderboard(
    benchmark: Benchmark,
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN]...", help="Folders (--out) of finished evaluations."),
    ] = None,
) -> None:
    """Show own runs beside published numbers of the same protocol."""
    from .comparison.boards import leaderboard as tables_of
    from .comparison.runs import read_runs

    _check_name(benchmark)
    tables, left_out = tables_of(benchmark, read_runs(runs or []))
    display = Display()
    for table in tables:
        display.table(table)
    for reason in left_out:
        display.warning(reason)


def table(runs: Runs, out: ParquetFile, overwrite: Overwrite = False) -> None:
    """Write all numbers of runs as one long table (Parquet, extra 'parquet')."""
    from .comparison.parquet import need_parquet, write_parquet
    from .comparison.runs import read_runs

    need_parquet()
    found = read_runs(runs)
    if out.exists() and not overwrite:
        raise OutputError(f"'{out}' is there already; give --overwrite or another --out")
    write_parquet(found, out)
    Display().line(f"written to {out}")


def fetch(
    benchmark: Benchmark, data: CheckedData = None, split: cli_options.Split = ""
) -> None:
    """Say where a data set is to be had, and check what is there; downloads nothing."""
    from .fetching import check_data, source_of

    _check_name(benchmark)
    display, source = Display(), source_of(benchmark)
    for line in source.lines():
        display.line(line)
    if data is None:
        return
    found = check_data(benchmark, data, split)
    display.table(found.table())
    if found.problems:
        raise DataError("\n".join(found.problems))


def _check_name(benchmark: str) -> None:
    if benchmark not in REGISTRY:
        raise DataError(f"unknown benchmark '{benchmark}'; there are: {', '.join(REGISTRY)}")


def _check_free(out: Path, runs: list[Path], overwrite: bool) -> None:
    """A comparison must not stand in the folder of a run."""
    if (out / "results.json").exists() or out.is_file():
        raise OutputError(f"'{out}' is a file or holds a run; choose another --out")
    if (out / "comparison.json").exists() and not overwrite:
        raise OutputError(
            f"'{out}' holds an earlier comparison; give --overwrite or another --out"
        )


COMMANDS: dict[str, Callable[..., None]] = {
    "compare": compare,
    "leaderboard": leaderboard,
    "table": table,
    "fetch": fetch,
}
"""Name -> function."""
