"""The progress bar of a run; what shows none starts without it."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """Frames per second of the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} frames/s" if speed else "- frames/s")


def frame_bar(console: Console, total: int | None) -> Progress:
    """A bar with frames per second and the time left, gone when it ends.

    Args:
        console: to draw on.
        total: about how many frames there will be, None where that is not known.
    """
    return Progress(
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.completed}" + ("/{task.total}" if total else "") + " frames"),
        _Rate(),
        *((TimeRemainingColumn(), TextColumn("left")) if total else ()),
        console=console,
        transient=True,
    )
