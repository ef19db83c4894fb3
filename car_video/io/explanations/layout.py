"""Blocks of one width: wrapped text, rows of tiles, tables of bars; stacked to a page.

Text is measured before it is drawn, so nothing runs over anything else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from car_video.io.writers.fonts import font_for

WIDTH = 1600
MARGIN = 40
GAP = 18
COLUMNS = 5
TILE = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) // COLUMNS
"""Pixels of a tile's width; its height is that of the frame's shape, at most as much."""
PAPER, INK, FAINT, GOOD, BAD = "#ffffff", "#1b1b1f", "#66666e", "#1a7f37", "#b42318"
LARGE, HEADING, BODY, SMALL = 42, 30, 23, 20
LEADING = 1.32


@dataclass(frozen=True)
class Tile:
    """A picture with words under it.

    Attributes:
        image: uint8 [h, w, 3], at most :data:`TILE` wide.
        title: one line.
        words: under it, wrapped.
        framed: in a green frame: the one that was chosen.
    """

    image: NDArray[np.uint8]
    title: str = ""
    words: str = ""
    framed: bool = False


def wrapped(text: str, font: FreeTypeFont, width: float) -> list[str]:
    """The text in lines of at most ``width`` pixels, broken between words where it can be."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while font.getlength(word) > width and len(word) > 1:  # longer than a line by itself
            lengths = range(1, len(word))
            cut = max(1, bisect_right(lengths, width, key=partial(_length, word, font)))
            lines.append(word[:cut])
            word = word[cut:]
        line = word
    return [*lines, line] if line else lines


def _length(text: str, font: FreeTypeFont, letters: int) -> float:
    return font.getlength(text[:letters])


def text_block(
    text: str, size: int, colour: str = INK, width: int = WIDTH - 2 * MARGIN, before: int = 0
) -> Image.Image:
    """Wrapped text as a picture ``width`` wide, with ``before`` empty pixels above it."""
    font = font_for(text, size)
    lines = wrapped(text, font, width)
    step = round(size * LEADING)
    block = Image.new("RGB", (width, before + step * len(lines)), PAPER)
    pen = ImageDraw.Draw(block)
    for number, line in enumerate(lines):
        pen.text((0, before + number * step), line, colour, font)
    return block


def tile_row(tiles: Sequence[Tile]) -> Image.Image:
    """Tiles beside each other, :data:`COLUMNS` in a row, with their words under them."""
    rows = [tiles[n : n + COLUMNS] for n in range(0, len(tiles), COLUMNS)]
    return stacked([_one_row(row) for row in rows], GAP)


def _one_row(tiles: Sequence[Tile]) -> Image.Image:
    cells = []
    for tile in tiles:
        parts = [Image.fromarray(tile.image)]
        if tile.title:
            colour = GOOD if tile.framed else INK
            parts.append(text_block(tile.title, BODY, colour, TILE, before=6))
        if tile.words:
            parts.append(text_block(tile.words, SMALL, FAINT, TILE))
        cells.append(stacked(parts))
        if tile.framed:
            pen = ImageDraw.Draw(cells[-1])
            height, width = tile.image.shape[:2]
            pen.rectangle((0, 0, width - 1, height - 1), outline=GOOD, width=5)
    row = Image.new("RGB", (WIDTH - 2 * MARGIN, max(cell.height for cell in cells)), PAPER)
    for number, cell in enumerate(cells):
        row.paste(cell, (number * (TILE + GAP), 0))
    return row


def stacked(blocks: Sequence[Image.Image], gap: int = 0) -> Image.Image:
    """Blocks below each other, flush left."""
    width = max(block.width for block in blocks)
    height = sum(block.height for block in blocks) + gap * (len(blocks) - 1)
    page = Image.new("RGB", (width, height), PAPER)
    y = 0
    for block in blocks:
        page.paste(block, (0, y))
        y += block.height + gap
    return page


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two blocks beside each other, their tops at one height."""
    width = left.width + GAP + right.width
    both = Image.new("RGB", (width, max(left.height, right.height)), PAPER)
    both.paste(left, (0, 0))
    both.paste(right, (left.width + GAP, 0))
    return both
