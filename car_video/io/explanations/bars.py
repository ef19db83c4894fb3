"""Tables whose cells are bars with their numbers: votes of words, scores of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from car_video.io.explanations.layout import (
    BAD,
    FAINT,
    GOOD,
    INK,
    LEADING,
    MARGIN,
    PAPER,
    SMALL,
    WIDTH,
    wrapped,
)
from car_video.io.writers.fonts import font_for

NAMES = 420
"""Pixels of the column of names."""
_STEP = round(SMALL * LEADING)
_BAR = 14


@dataclass(frozen=True)
class BarTable:
    """Numbers by row and column.

    Attributes:
        columns: headings.
        rows: a name and a number per column; None: empty.
        most: the length of a whole bar. Bars of negative numbers go to the left.
        signed: numbers may be negative; else bars begin at the left.
        least: numbers below it are drawn as bad ones.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[float | None]]]
    most: float
    signed: bool = True
    least: float = 0.0

    def draw(self) -> Image.Image:
        """The table, as wide as the page's text."""
        width = WIDTH - 2 * MARGIN
        cell = (width - NAMES) // max(5, len(self.columns))
        names = [wrapped(name, font_for(name, SMALL), NAMES - 20) for name, _ in self.rows]
        height = _STEP * (1 + sum(len(lines) for lines in names)) + 4
        table = Image.new("RGB", (width, height), PAPER)
        pen = ImageDraw.Draw(table)
        for column, heading in enumerate(self.columns):
            pen.text((NAMES + column * cell, 0), heading, FAINT, font_for(heading, SMALL))
        y = _STEP + 4
        for (name, values), lines in zip(self.rows, names, strict=True):
            for number, line in enumerate(lines):
                pen.text((0, y + number * _STEP), line, INK, font_for(name, SMALL))
            for column, value in enumerate(values):
                if value is not None:
                    self._bar(pen, NAMES + column * cell, y, cell, value)
            y += _STEP * len(lines)
        return table

    def _bar(self, pen: ImageDraw.ImageDraw, x: int, y: int, cell: int, value: float) -> None:
        text = f"{value:+.1f}" if self.signed else f"{value:.2f}"
        room = cell - 80  # for the number
        zero = x + (room // 2 if self.signed else 0)
        length = round(min(1.0, abs(value) / self.most) * (room // 2 if self.signed else room))
        middle = y + _STEP // 2
        left, right = (zero, zero + length) if value >= 0 else (zero - length, zero)
        colour = GOOD if value >= self.least else BAD
        pen.rectangle((left, middle - _BAR // 2, right, middle + _BAR // 2), colour)
        pen.line((zero, y, zero, y + _STEP), FAINT)
        pen.text((x + room + 8, y), text, INK, font_for(text, SMALL))
