"""What ``car-video`` shows: a progress bar, a closing summary, one-line errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from car_video.cli.presence_times import Presence


@dataclass(frozen=True)
class Report:
    """What there is to say at the end of a run.

    Attributes:
        out: the output folder.
        frames: in the outputs.
        computed: by this run; fewer than ``frames`` where a run was resumed.
        seconds: that took, reading and writing included.
        presences: one per expression.
        paths: files and folders written.
        notices: remarks, one line each.
    """

    out: Path
    frames: int
    computed: int
    seconds: float
    presences: Sequence[Presence]
    paths: Sequence[Path]
    notices: Sequence[str]


class _Rate(ProgressColumn):
    """Frames per second of the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} frames/s" if speed else "- frames/s")


class Display:
    """Results go to standard output, progress and errors to standard error.

    Args:
        quiet: nothing but errors.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.out = Console(quiet=quiet, highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Console | None = None

    def results_to_stderr(self) -> None:
        """Standard output carries something else."""
        self.out = Console(stderr=True, quiet=self.quiet, highlight=False, soft_wrap=True)

    @contextmanager
    def progress(self, total: int | None) -> Iterator[Callable[[], None]]:
        """A bar with frames per second and the time left; gives what to call per frame.

        Only on a terminal: log files get the summary alone.

        Args:
            total: about how many frames there will be, None where nobody can know.
        """
        columns = (
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.completed}" + ("/{task.total}" if total else "") + " frames"),
            _Rate(),
            *((TimeRemainingColumn(), TextColumn("left")) if total else ()),
        )
        hidden = self.quiet or not self.err.is_terminal
        # its own console: a line of the bar is cut at the width of the terminal, not carried on
        console = Console(stderr=True, highlight=False)
        with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
            task = bar.add_task("frames", total=total)
            self._bar = console
            try:
                yield lambda: bar.advance(task)
            finally:
                self._bar = None

    def say(self, message: str) -> None:
        """One line on standard error while the bar is there; from any thread."""
        if not self.quiet:
            (self._bar or self.err).print(escape(message.rstrip()), soft_wrap=True)

    def note(self, message: str) -> None:
        """A passing remark on standard error, on a terminal only; from any thread."""
        if not self.quiet and self.err.is_terminal:
            (self._bar or self.err).print(f"[dim]{escape(message)}[/]", soft_wrap=True)

    def summary(self, report: Report) -> None:
        """Frames, speed, when each expression was there, what was written."""
        speed = ""
        if report.computed and report.seconds > 0:
            rate = report.computed / report.seconds
            speed = f" in {report.seconds:.1f} s ({rate:.2f} frames/s)"
        kept = report.frames - report.computed
        known = f", {kept} from an earlier run" if kept else ""
        noun = "frame" if report.frames == 1 else "frames"
        self.out.print(f"{report.frames} {noun}{known}{speed}")
        width = min(40, max((len(p.expression) for p in report.presences), default=0))
        for presence in report.presences:
            name = escape(shorten(presence.expression, 40).ljust(width))
            self.out.print(f"  [bold]{name}[/]  {presence.text()}")
        if report.paths:
            names = ", ".join(_name(path, report.out) for path in report.paths)
            self.out.print(f"written to [bold]{escape(str(report.out))}[/]: {escape(names)}")
        for notice in report.notices:
            self.out.print(f"[yellow]note:[/] {escape(_one_line(notice))}")

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], footer: str = ""
    ) -> None:
        """A table as wide as it needs to be, so that no line wraps."""
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(column, no_wrap=True, overflow="ignore")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        wide = Console(highlight=False, width=max(self.out.width, 200))
        wide.print(table, soft_wrap=True)
        if footer:
            self.out.print(footer)

    def error(self, message: str) -> None:
        """One line on standard error, quiet or not."""
        self.err.print(f"[red]error:[/] {escape(_one_line(message))}")

    def stopped(self, message: str) -> None:
        """One line on standard error: the run was ended by hand."""
        self.err.print(escape(_one_line(message)))


def shorten(text: str, most: int) -> str:
    """The text, cut with an ellipsis where it is longer than ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _name(path: Path, folder: Path) -> str:
    name = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    return f"{name}/" if path.is_dir() else name


def _one_line(message: str) -> str:
    return " ".join(message.split())
