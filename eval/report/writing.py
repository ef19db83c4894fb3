"""Write a report: charts and picture strips first, then the two templates."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from ..benchmarks.results import Cell, Summary
from ..data.files import atomic, write_text
from ..provenance import tool_version
from . import plots, strips
from .content import Report

_SHOWN = 3  # best and worst items with pictures


@dataclass(frozen=True)
class Picture:
    """An encoded picture of the report.

    Attributes:
        file: path below the output folder.
        data: PNG or JPEG.
        title: what it shows.
        note: a line below the title: a score, and what it is of.
    """

    file: str
    data: bytes
    title: str
    note: str = ""

    @property
    def uri(self) -> str:
        """The picture as a ``data:`` address, so that the page needs no other file."""
        kind = "jpeg" if self.file.endswith(".jpg") else "png"
        return f"data:image/{kind};base64,{base64.b64encode(self.data).decode('ascii')}"


def write_report(report: Report, out: Path) -> list[Path]:
    """Write ``report.html``, ``report.md`` and the pictures that the latter shows.

    Returns:
        The files, HTML first.

    Raises:
        OutputError: the folder cannot be written.
    """
    charts = _charts(report.summary)
    best, worst = _examples(report)
    for picture in (*charts, *best, *worst):
        with atomic(out / picture.file) as part:
            part.write_bytes(picture.data)
    values: dict[str, Any] = {
        "report": report,
        "summary": report.summary,
        "charts": charts,
        "best": best,
        "worst": worst,
        "legend": strips.LEGEND,
        "plots_missing": not plots.available(),
        "version": tool_version(),
    }
    templates = environment()
    files = []
    for name in ("report.html", "report.md"):
        write_text(out / name, templates.get_template(f"{name}.j2").render(values))
        files.append(out / name)
    return files + [out / picture.file for picture in charts]


def environment() -> jinja2.Environment:
    """Templates of this package; those of pages escape what they are given."""
    folder = resources.files(__package__) / "templates"

    def load(name: str) -> str | None:
        path = folder / name
        return path.read_text("utf-8") if path.is_file() else None

    templates = jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=lambda name: bool(name and ".html" in name),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    templates.filters["cell"] = shown
    templates.filters["md"] = _markdown
    return templates


def shown(value: Cell) -> str:
    """A table cell as text: fractions with four digits, a dash for None."""
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _markdown(text: str) -> str:
    """Text that keeps its meaning in a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _charts(summary: Summary) -> list[Picture]:
    if not plots.available():
        return []
    charts = []
    if summary.bars:
        title = f"{summary.metric} by {summary.per}"
        charts.append(
            Picture(
                "plots/scores.png", plots.bars(summary.bars, summary.metric, summary.per), title
            )
        )
    if summary.flicker:
        charts.append(
            Picture(
                "plots/flicker.png",
                plots.flicker(summary.flicker),
                "Flicker: change of the masks from frame to frame, lower is steadier",
            )
        )
    return charts


def _examples(report: Report) -> tuple[list[Picture], list[Picture]]:
    """Strips of the items with the best and the worst scores, each item once."""
    ranked = sorted(report.summary.ranking, key=lambda bar: (-bar.value, bar.key))
    count = min(_SHOWN, (len(ranked) + 1) // 2)
    worst = ranked[max(count, len(ranked) - count) :][::-1]
    return (
        _strips(report, {b.key: b.value for b in ranked[:count]}, "best"),
        _strips(report, {b.key: b.value for b in worst}, "worst"),
    )


def _strips(report: Report, chosen: Mapping[str, float], kind: str) -> list[Picture]:
    items = {item.key: item for item in report.items}
    pictures: list[Picture] = []
    for key, value in chosen.items():
        for strip in report.benchmark.strips(items[key], report.masks):
            name = f"plots/{kind}-{len(pictures) + 1}.jpg"
            note = f"{report.summary.ranked_by} {value:.3f}"
            pictures.append(Picture(name, strips.encode(strip), strip.title, note))
    return pictures
