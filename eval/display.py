"""What car-eval shows: progress with time left, a closing summary, one-line errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    track,
)
from rich.table import Table as RichTable

from .benchmarks.results import Cell, Table
from .runner.job import Outcome

if TYPE_CHECKING:
    from car_video.config.calibration import Calibration

    from .evaluate import Evaluation


T = TypeVar("T")


def shown(value: Cell) -> str:
    """A table cell as text: fractions with three digits, a dash for None."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


class Display:
    """Standard output of one command; silent when ``quiet``, errors always shown."""

    def __init__(self, quiet: bool = False) -> None:
        self.out = Console(quiet=quiet, highlight=False, emoji=False)
        self.err = Console(stderr=True, highlight=False, emoji=False)

    def progress(
        self, outcomes: Iterable[Outcome], total: int, tell_failures: bool
    ) -> Iterator[Outcome]:
        """Pass outcomes on while a bar shows how many are done and how long the rest takes.

        With ``tell_failures`` an item that fails is told at once.
        """
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.out, disable=self.out.quiet) as progress:
            task = progress.add_task("starting", total=total)
            for outcome in outcomes:
                progress.update(task, advance=1, description=escape(outcome.key[-28:]))
                if outcome.error and tell_failures:
                    self.err.print(
                        f"[yellow]failed[/] {escape(outcome.key)}: {escape(outcome.error)}",
                        soft_wrap=True,
                    )
                yield outcome

    def counted(self, parts: Iterable[T], total: int, what: str) -> Iterator[T]:
        """Pass parts on while a bar shows how many there were."""
        yield from track(parts, what, total, console=self.out, disable=self.out.quiet)

    def calibration(self, found: Calibration, path: Path) -> None:
        """Slope, offset, reliability curve and the file of a calibration."""
        line = f"log-odds = {found.slope:.3f} z {found.offset:+.3f}"
        loss = "" if found.log_loss is None else f", log loss {found.log_loss:.3f} (coin 0.693)"
        self.out.print(
            escape(
                f"{found.model}: {line}; {found.positive} regions with their names and "
                f"{found.negative} with others, {found.pictures} pictures{loss}"
            ),
            soft_wrap=True,
        )
        rows = tuple((b.probability, b.right, b.pairs) for b in found.curve)
        self.out.print(
            _rich_table(Table("reliability", "", ("said", "was right", "pairs"), rows))
        )
        self.out.print(f"written to [bold]{escape(str(path))}[/]", soft_wrap=True)

    def summary(self, evaluation: Evaluation, out: Path) -> None:
        """The tables, the speed and the files of a finished evaluation."""
        for table in evaluation.summary.tables:
            if len(table.rows) <= 24:
                self.table(table)
        timing = evaluation.timing
        if timing is not None and timing.segmentations:
            self.out.print(escape(str(timing)), soft_wrap=True)
        for warning in evaluation.warnings:
            self.warning(warning)
        self.written(evaluation.files, out)
        if evaluation.failures:
            self.err.print(
                f"[yellow]{len(evaluation.failures)} failed[/] and are not in the numbers: "
                + escape(", ".join(outcome.key for outcome in evaluation.failures)),
                soft_wrap=True,
            )

    def table(self, table: Table) -> None:
        """A table below its title and protocol."""
        self.out.print(
            f"[bold]{escape(table.title)}[/]: {escape(table.protocol)}", soft_wrap=True
        )
        self.out.print(_rich_table(table))

    def written(self, files: Sequence[Path], out: Path) -> None:
        """Which files were written into a folder."""
        names = ", ".join(str(path.relative_to(out)) for path in files)
        self.out.print(
            f"written to [bold]{escape(str(out))}[/]: {escape(names)}", soft_wrap=True
        )

    def line(self, text: str) -> None:
        """One line of text."""
        self.out.print(escape(text), soft_wrap=True)

    def warning(self, message: str) -> None:
        """One line on standard output; nothing for an empty message."""
        if message:
            self.out.print(f"[yellow]warning:[/] {escape(message)}", soft_wrap=True)

    def error(self, message: str) -> None:
        """One line per problem on standard error."""
        for line in message.splitlines():
            self.err.print(f"[red]error:[/] {escape(line)}", soft_wrap=True)


def _rich_table(table: Table) -> RichTable:
    rich = RichTable(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for number, column in enumerate(table.columns):
        first = number == 0
        rich.add_column(escape(column), justify="left" if first else "right", no_wrap=not first)
    for row in table.rows:
        rich.add_row(*(escape(shown(cell)) for cell in row))
    return rich
