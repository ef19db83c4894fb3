"""Several runs as one page and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..benchmarks.results import Cell, Table
from ..data.files import write_json, write_text
from ..provenance import tool_version
from ..report.writing import environment
from .pairs import Comparison, Pair

_SIDE = 300.0  # of a scatter plot, in CSS pixels
_STRIP = (600.0, 90.0)  # width and height of a strip of gains and losses


def summary_table(comparison: Comparison) -> Table:
    """A row per run."""
    runs = comparison.runs
    columns = [m for m in runs[0].headline() if all(m in run.headline() for run in runs)]
    rows: list[tuple[Cell, ...]] = [
        (run.name, len(run.sequences), *(run.headline()[m] for m in columns)) for run in runs
    ]
    heads = ("run", "sequences", *columns)
    return Table(runs[0].benchmark, runs[0].protocol, heads, tuple(rows))


def pair_table(comparison: Comparison) -> Table:
    """A row per two runs."""
    metric = comparison.runs[0].metric
    rows: list[tuple[Cell, ...]] = []
    for pair in comparison.pairs:
        found = pair.paired
        interval = f"{found.low:+.4f} to {found.high:+.4f}"
        counts = (found.wins, found.losses, found.ties)
        verdict = "yes" if pair.significant else "no"
        name = f"{pair.a.name} less {pair.b.name}"
        rows.append((name, f"{found.difference:+.4f}", interval, pair.p, verdict, *counts))
    heads = (
        "runs", metric, "95 % interval", "p", "significant", "better", "worse", "equal",
    )  # fmt: skip
    text = (
        f"paired bootstrap over {len(comparison.names)} sequences, 10,000 draws; p two-sided, "
        f"corrected for {len(comparison.pairs)} pair(s) (Holm); significant below 0.05"
    )
    return Table("Differences", text, heads, tuple(rows))


def write_page(comparison: Comparison, out: Path) -> list[Path]:
    """``report.html``, ``report.md`` and ``comparison.json`` below ``out``.

    Raises:
        OutputError: the folder cannot be written.
    """
    values: dict[str, Any] = {
        "comparison": comparison,
        "tables": (summary_table(comparison), pair_table(comparison)),
        "drawings": [drawing(pair) for pair in comparison.pairs],
        "version": tool_version(),
    }
    templates = environment()
    files = []
    for name in ("report.html", "report.md"):
        text = templates.get_template(f"compare.{name.split('.')[1]}.j2").render(values)
        write_text(out / name, text)
        files.append(out / name)
    write_json(out / "comparison.json", as_json(comparison))
    return [*files, out / "comparison.json"]


def drawing(pair: Pair) -> dict[str, Any]:
    """Where the dots of the scatter plot and the bars of the strip lie, in pixels."""
    width, height = _STRIP
    step = width / len(pair.sequences)
    reach = max(0.05, *(abs(a - b) for _, a, b in pair.sequences))
    dots, bars = [], []
    for place, (name, a, b) in enumerate(pair.sequences):
        colour = _colour(a - b)
        title = f"{name}: {a:.3f} and {b:.3f}"
        dots.append({"x": _SIDE * b, "y": _SIDE * (1 - a), "colour": colour, "title": title})
        tall = max(1.0, abs(a - b) / reach * height / 2)
        top = height / 2 - tall if a >= b else height / 2
        bars.append(
            {"x": place * step, "y": top, "w": max(1.0, step - 1), "h": tall, "colour": colour,
             "title": title}
        )  # fmt: skip
    return {
        "pair": pair, "side": _SIDE, "width": width, "height": height, "reach": reach,
        "dots": dots, "bars": bars,
    }  # fmt: skip


def _colour(gain: float) -> str:
    """Okabe and Ito's blue and orange, which most colour-blind people tell apart."""
    return "#0072b2" if gain > 0 else "#d55e00" if gain < 0 else "#888888"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data."""
    return {
        "benchmark": comparison.runs[0].benchmark,
        "protocol": comparison.runs[0].protocol,
        "metric": comparison.runs[0].metric,
        "runs": {
            run.name: {"path": str(run.path), **run.headline()} for run in comparison.runs
        },
        "sequences": len(comparison.names),
        "pairs": [_pair_json(pair) for pair in comparison.pairs],
        "warnings": list(comparison.warnings),
    }


def _pair_json(pair: Pair) -> dict[str, Any]:
    found = pair.paired
    return {
        "a": pair.a.name,
        "b": pair.b.name,
        "difference": found.difference,
        "interval": [found.low, found.high],
        "p": pair.p,
        "significant": pair.significant,
        "wins": found.wins,
        "losses": found.losses,
        "ties": found.ties,
        "per_sequence": {name: [a, b] for name, a, b in pair.sequences},
    }


def sentences(comparison: Comparison) -> Sequence[str]:
    """The findings, one a pair."""
    return [str(pair) for pair in comparison.pairs]
