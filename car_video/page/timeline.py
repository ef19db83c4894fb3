"""The timeline: presence and score of each expression over the frames; where it is weak."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from car_video.page.work import Work

COLUMNS = 600
"""Of a row; a long clip has several frames in one, of which the weakest is shown."""

_PLACES = 24
"""Weak places of a clip at most: frames beside each other are the same place."""


@dataclass(frozen=True)
class Row:
    """One expression over the clip.

    Attributes:
        spans: (first, last, height) of columns in which it is present, height in [0, 1].
        unknown: (first, last) of columns without an answer.
        by_hand: columns of hand-made frames.
    """

    spans: tuple[tuple[int, int, float], ...]
    unknown: tuple[tuple[int, int], ...]
    by_hand: tuple[int, ...]


def columns_of(frames: int) -> int:
    """How many columns a clip of so many frames has."""
    return max(1, min(frames, COLUMNS))


def row(work: Work, query: int, frames: int) -> Row:
    """The row of an expression.

    Args:
        work: with the answers.
        query: number of the expression.
        frames: of the whole clip.
    """
    count = columns_of(frames)
    lowest: list[float | None] = [None] * count  # -1: not present
    for index, stored in sorted(work.frames.items()):
        place = index * count // frames
        score = stored.scores[query] if stored.present[query] else -1.0
        made = work.pending.get((index, query))
        if made is not None:
            score = -1.0 if made.correction.absent else 1.0
        known = lowest[place]
        lowest[place] = score if known is None else min(known, score)
    stride = work.options.stride if work.options is not None else 1
    _fill_gaps(lowest, -(-stride * count // frames) - 1)
    heights = [None if v is None else -1.0 if v < 0 else round(v, 2) for v in lowest]
    spans, unknown = [], []
    for first, last, value in _runs(heights):
        if value is None:
            unknown.append((first, last))
        elif value >= 0:
            spans.append((first, last, value))
    by_hand = sorted({frame * count // frames for frame in work.by_hand(query)})
    return Row(tuple(spans), tuple(unknown), tuple(by_hand))


def weakest_frame(work: Work, query: int, after: int | None = None) -> int | None:
    """The frame on which a present expression has its lowest score.

    Hand-made frames count as sure. Where it is never present, it is the frame on which it is
    nearest to being so.

    Args:
        work: with the answers.
        query: number of the expression.
        after: a frame; where that is one of the weak ones the next weakest is given.

    Returns:
        Its index; None where there is no answer.
    """
    made = set(work.by_hand(query))
    found = [(i, s) for i, s in sorted(work.frames.items()) if i not in made]
    present = [(s.scores[query], i) for i, s in found if s.present[query]]
    ranked = sorted(present) or sorted((-s.scores[query], i) for i, s in found)
    if not ranked:
        return None
    indices = [i for i, _ in found]
    apart = (indices[-1] - indices[0]) // _PLACES + 1
    places: list[int] = []
    for _, index in ranked:
        if all(abs(index - other) >= apart for other in places):
            places.append(index)
    if after in places:
        return places[(places.index(after) + 1) % len(places)]
    return places[0]


def timeline_svg(
    work: Work, frames: int, current: int, query: int, colours: Sequence[str]
) -> str:
    """The timeline as HTML: a row per expression, a line where we are.

    Args:
        work: with the answers.
        frames: of the whole clip.
        current: index of the frame that is shown.
        query: number of the expression that is chosen.
        colours: CSS, one per expression.
    """
    if not work.expressions or frames < 2:
        return ""
    count = columns_of(frames)
    rows = [
        _row_html(row(work, number, frames), text, colours[number], count, number == query)
        for number, text in enumerate(work.expressions)
    ]
    at = 100 * (current + 0.5) / frames
    return (
        f'<div class="timeline" data-frames="{frames}" role="group" aria-label="Timeline">'
        f'{"".join(rows)}<div class="playhead" style="left:{at:.3f}%"></div></div>'
    )


def _row_html(row: Row, text: str, colour: str, count: int, chosen: bool) -> str:
    bars = [
        f'<rect x="{first}" y="{20 * (1 - height):.1f}" width="{last - first + 1}" '
        f'height="{20 * height:.1f}"/>'
        for first, last, height in row.spans
    ]
    base = [
        f'<rect x="{first}" y="20" width="{last - first + 1}" height="3"/>'
        for first, last, _ in row.spans
    ]
    gaps = [
        f'<rect class="unknown" x="{first}" y="20" width="{last - first + 1}" height="3"/>'
        for first, last in row.unknown
    ]
    hand = [
        f'<i style="left:{100 * (place + 0.5) / count:.3f}%" title="by hand"></i>'
        for place in row.by_hand
    ]
    label = html.escape(text)
    return (
        f'<div class="row{" chosen" if chosen else ""}" style="--colour:{colour}" '
        f'title="{label}"><svg viewBox="0 0 {count} 23" preserveAspectRatio="none" '
        f'aria-hidden="true">{"".join((*bars, *base, *gaps))}</svg>{"".join(hand)}</div>'
    )


def _fill_gaps(values: list[float | None], most: int) -> None:
    """Frames that a stride leaves out are as the one before them."""
    last, age = None, 0
    for place, value in enumerate(values):
        if value is not None:
            last, age = value, 0
        elif last is not None and age < most:
            age += 1
            values[place] = last


def _runs(values: Sequence[float | None]) -> list[tuple[int, int, float | None]]:
    """(first, last, value) of each unbroken run of equal values."""
    runs: list[tuple[int, int, float | None]] = []
    for place, value in enumerate(values):
        if runs and runs[-1][2] == value:
            runs[-1] = (runs[-1][0], place, value)
        else:
            runs.append((place, place, value))
    return runs
