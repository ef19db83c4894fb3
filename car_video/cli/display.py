"""What ``car-video`` shows: a progress bar, a closing summary, one-line errors."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
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

    def with_computed(self, frames: int, seconds: float, notices: Sequence[str]) -> Report:
        """The same, of frames that were computed elsewhere before."""
        return replace(
            self,
            computed=self.computed + frames,
            seconds=seconds,
            notices=[*self.notices, *notices],
        )


class Display:
    """Results go to standard output, progress and errors to standard error.

    Texts are printed as they were typed: rich's markup, emoji codes and highlighting are off.

    Args:
        quiet: nothing but errors.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.out = _console(quiet=quiet)
        self.err = _console(stderr=True)
        self._bar: Console | None = None

    def results_to_stderr(self) -> None:
        """Standard output carries something else."""
        self.out = _console(stderr=True, quiet=self.quiet)

    @contextmanager
    def progress(self, total: int | None) -> Iterator[Callable[[], None]]:
        """A bar with frames per second and the time left; gives what to call per frame.

        Only on a terminal: log files get the summary alone.

        Args:
            total: about how many frames there will be, None where that is not known.
        """
        if self.quiet or not self.err.is_terminal:
            yield lambda: None  # rich 13 ends even a hidden bar with an empty line
            return
        from car_video.cli.progress_bar import frame_bar

        # its own console: a line of the bar is cut at the width of the terminal, not carried on
        console = _console(stderr=True, soft_wrap=False)
        with frame_bar(console, total) as bar:
            task = bar.add_task("frames", total=total)
            self._bar = console
            try:
                yield lambda: bar.advance(task)
            finally:
                self._bar = None

    def say(self, message: str) -> None:
        """One line on standard error while the bar is there; from any thread."""
        if not self.quiet:
            (self._bar or self.err).print(_visible(message.rstrip()), soft_wrap=True)

    def note(self, message: str) -> None:
        """A passing remark on standard error, on a terminal only; from any thread."""
        if not self.quiet and self.err.is_terminal:
            line = Text(_visible(message), "dim")
            (self._bar or self.err).print(line, soft_wrap=True)

    def heading(self, text: str) -> None:
        """One line above the summary of one source of several."""
        self.out.print(Text(_one_line(text), "bold"))

    def result(self, text: str) -> None:
        """One line of results."""
        self.out.print(_one_line(text))

    def line(self, text: str) -> None:
        """One line of results, with its indentation."""
        self.out.print(_visible(text.rstrip()))

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
            name = _visible(shorten(presence.expression, 40)).ljust(width)
            self.out.print(Text.assemble("  ", (name, "bold"), f"  {presence.text()}"))
        if report.paths:
            names = ", ".join(_name(path, report.out) for path in report.paths)
            folder = (_visible(str(report.out)), "bold")
            self.out.print(Text.assemble("written to ", folder, f": {_visible(names)}"))
        for notice in report.notices:
            self.notice(notice)

    def notice(self, text: str) -> None:
        """A remark among the results."""
        self.out.print(Text.assemble(("note:", "yellow"), f" {_one_line(text)}"))

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], footer: str = ""
    ) -> None:
        """A table as wide as it needs to be, so that no line wraps."""
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(Text(column), no_wrap=True, overflow="ignore")
        for row in rows:
            table.add_row(*(Text(_visible(cell)) for cell in row))
        _console(width=max(self.out.width, 200)).print(table)
        if footer:
            self.out.print(footer)

    def error(self, message: str) -> None:
        """One line on standard error, quiet or not."""
        self.err.print(Text.assemble(("error:", "red"), f" {_one_line(message)}"))

    def stopped(self, message: str) -> None:
        """One line on standard error: the run was ended by hand."""
        self.err.print(_one_line(message))


def shorten(text: str, most: int) -> str:
    """The text, cut with an ellipsis where it is longer than ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _console(soft_wrap: bool = True, **options: Any) -> Console:
    """A console that prints texts as they are."""
    return Console(markup=False, emoji=False, highlight=False, soft_wrap=soft_wrap, **options)


def _visible(text: str) -> str:
    """The text with control characters, which would move a terminal's cursor, spelled out."""
    return "".join(
        repr(c)[1:-1] if unicodedata.category(c) == "Cc" and c not in "\n\t" else c
        for c in text
    )


def _name(path: Path, folder: Path) -> str:
    name = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    return f"{name}/" if path.is_dir() else name


def _one_line(message: str) -> str:
    return _visible(" ".join(message.split()))
