"""Charts as PNG. They need matplotlib, which comes with the extra ``report``."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from typing import Any

from ..benchmarks.results import Bar, Flicker

_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#b8b8b8"
_MOST = 80  # bars in one chart; more are shown from both ends


def available() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def bars(values: Sequence[Bar], metric: str, per: str) -> bytes:
    """Horizontal bars of values in [0, 1], best on top, with their mean as a line.

    ``per`` says what a bar stands for, for instance ``sequence``.
    """
    ranked = sorted(values, key=lambda bar: bar.value)
    mean = sum(bar.value for bar in ranked) / len(ranked)
    if len(ranked) > _MOST:
        ranked = ranked[: _MOST // 2] + ranked[-_MOST // 2 :]
    figure, axes = _figure(max(1.6, 0.22 * len(ranked) + 0.9))
    labels = [_short(bar.label) for bar in ranked]
    rows = range(len(ranked))
    axes.barh(rows, [bar.value for bar in ranked], color=_BLUE, height=0.72)
    for row, bar in enumerate(ranked):
        axes.text(min(bar.value + 0.008, 1.0), row, f"{bar.value:.3f}", va="center", fontsize=8)
    axes.axvline(mean, color=_ORANGE, linewidth=1.2, label=f"mean per {per}: {mean:.3f}")
    axes.set(xlim=(0, 1.08), xlabel=metric, yticks=list(rows), ylim=(-0.6, len(ranked) - 0.4))
    axes.set_yticklabels(labels, fontsize=8)
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    if len(values) > _MOST:
        axes.axhline(_MOST // 2 - 0.5, color=_GREY, linestyle="--", linewidth=0.8)
        axes.set_title(f"{_MOST // 2} worst and {_MOST // 2} best of {len(values)}", fontsize=9)
    return _png(figure)


def flicker(values: Sequence[Flicker]) -> bytes:
    """Per sequence the flicker of prediction and ground truth; below, over time, the
    sequences with the most and the least."""
    ranked = sorted(values, key=lambda value: value.predicted)
    if len(ranked) > _MOST:
        ranked = ranked[: _MOST // 2] + ranked[-_MOST // 2 :]
    import matplotlib.figure

    heights = [max(1.4, 0.24 * len(ranked) + 0.6), 2.0]
    figure = matplotlib.figure.Figure(figsize=(8.4, sum(heights) + 0.6), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=heights)
    rows = list(range(len(ranked)))
    upper.hlines(
        rows,
        [v.truth for v in ranked],
        [v.predicted for v in ranked],
        color=_GREY,
        linewidth=1.5,
    )
    upper.plot([v.predicted for v in ranked], rows, "o", color=_BLUE, label="prediction")
    upper.plot([v.truth for v in ranked], rows, "D", color=_ORANGE, ms=4, label="ground truth")
    upper.set(yticks=rows, ylim=(-0.6, len(ranked) - 0.4), xlabel="mean flicker")
    upper.set_xlim(left=0)
    upper.set_yticklabels([_short(v.label) for v in ranked], fontsize=8)
    upper.legend(loc="lower right", frameon=False, fontsize=8)
    for value, colour in {
        ranked[-1].label: (ranked[-1], _BLUE),
        ranked[0].label: (ranked[0], _GREY),
    }.values():
        lower.plot(value.series, color=colour, linewidth=1.1, label=_short(value.label))
    lower.set(xlabel="frame transition", ylabel="flicker")
    lower.set_ylim(bottom=0)
    lower.legend(loc="upper right", frameon=False, fontsize=8)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def _figure(height: float) -> tuple[Any, Any]:
    import matplotlib.figure

    figure = matplotlib.figure.Figure(figsize=(8.4, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
