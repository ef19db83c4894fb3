"""The legend of an overlay: one chip per expression with its colour and its score."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from car_video.io.palette import overlay_colours
from car_video.io.writers.fonts import bundled_font, font_for, missing

_PANEL = (16, 16, 20, 188)  # dark and translucent: readable on any picture
_TEXT, _GREYED = (255, 255, 255, 255), (176, 176, 182, 255)
ABSENT = "absent"
"""What a chip says of an expression whose target is not in this frame."""
_LONGEST = 200  # characters looked at; more never fits a chip
_SMOOTH = 4  # shapes are drawn this much larger, then reduced


class Legend:
    """Chips in rows from the top left corner, laid out once for a size of picture.

    A chip keeps its place and width while scores change. An expression in letters that no
    font of this machine has is shown by its number, "#3", which is its value in mask PNGs.
    Chips that would fill more than ``share`` of the height are counted in a last one,
    "+12 more". Pictures too small for any chip get none.

    Args:
        expressions: the sentences; long ones are cut with an ellipsis. None has no chip; the
            others keep their colours and numbers.
        width: of the picture in pixels.
        height: of the picture in pixels.
        share: of the height that chips may take at most.
    """

    def __init__(
        self, expressions: tuple[str | None, ...], width: int, height: int, share: float = 0.4
    ) -> None:
        self._size = max(10, round(min(width, height) * 0.032))
        self._pad = round(self._size * 0.45)
        self._height = round(self._size * 1.75)
        self._gap = max(3, round(self._size * 0.3))
        self._colours = overlay_colours(len(expressions))
        self._numbers = bundled_font(self._size)
        self._tail = max(_length(self._numbers, text) for text in ("0.00", ABSENT))
        self._sprites: dict[tuple[int, str], NDArray[np.uint8]] = {}
        self._labels: list[tuple[str, FreeTypeFont]] = []
        self._places: list[tuple[int, int, int]] = []  # x, y, width of each chip
        self._more: tuple[int, int, NDArray[np.uint8]] | None = None
        self._lay_out(expressions, width, height, share)

    def draw(
        self, canvas: NDArray[np.uint8], scores: NDArray[np.float32], present: NDArray[np.bool_]
    ) -> None:
        """Blend the chips into the canvas, in place.

        Args:
            canvas: uint8 [H, W, 3] of the size that the legend was made for.
            scores: float [Q] in [0, 1], shown with two digits.
            present: bool [Q]; False greys the chip and says so.
        """
        shown = [
            f"{float(s):.2f}" if p else ABSENT for s, p in zip(scores, present, strict=True)
        ]
        self.draw_texts(canvas, shown)

    def draw_texts(self, canvas: NDArray[np.uint8], texts: Sequence[str]) -> None:
        """As :meth:`draw`, with a short text of one's own per expression in place of scores.

        The text :data:`ABSENT` greys its chip.
        """
        for query, (x, y, width) in enumerate(self._places):
            if width:
                _blend(canvas, self._chip(query, texts[query]), x, y)
        if self._more is not None:
            x, y, sprite = self._more
            _blend(canvas, sprite, x, y)

    @property
    def bottom(self) -> int:
        """Pixels from the top of the picture to just below the last chip."""
        ends = [y for _, y, _ in self._places] + ([self._more[1]] if self._more else [])
        return max(ends) + self._height + 2 * self._gap if ends else 0

    def _lay_out(
        self, expressions: tuple[str | None, ...], width: int, height: int, share: float
    ) -> None:
        margin = self._gap * 2
        fixed = 3 * self._pad + self._size + self._gap + self._tail + self._gap
        room = min(width - 2 * margin - fixed, max(width // 2, 24 * self._size))
        rows = max(1, int((share * height - margin) // (self._height + self._gap)))
        if room < 2 * self._size or height < self._height + 2 * margin:
            return
        x, y, row = margin, margin, 0
        reserve = _length(self._numbers, f"+{len(expressions)} more") + 2 * self._pad
        last = max((n for n, text in enumerate(expressions) if text is not None), default=-1)
        for query, expression in enumerate(expressions):
            if expression is None:
                self._labels.append(("", self._numbers))
                self._places.append((x, y, 0))
                continue
            font = font_for(clean(expression), self._size)
            label = ellipsise(showable(expression, font) or f"#{query + 1}", font, room)
            chip = fixed + _length(font, label)
            last_row, last_chip = row == rows - 1, query == last
            limit = width - margin - (reserve + self._gap) * (last_row and not last_chip)
            if x > margin and x + chip > limit:
                if last_row:
                    hidden = sum(text is not None for text in expressions[query:])
                    sprite = self._count(hidden, reserve)
                    self._more = (x, y, sprite)
                    return
                x, y, row = margin, y + self._height + self._gap, row + 1
            self._labels.append((label, font))
            self._places.append((x, y, chip))
            x += chip + self._gap

    def _chip(self, query: int, tail: str) -> NDArray[np.uint8]:
        """uint8 [h, w, 4] of one expression with its score, kept for the next frame."""
        key = (query, tail)
        if key not in self._sprites:
            present = tail != ABSENT
            label, font = self._labels[query]
            width = self._places[query][2]
            colour = tuple(int(v) for v in self._colours[query])
            panel = _panel(width, self._height, self._size, colour if present else None)
            pen, ink = ImageDraw.Draw(panel), _TEXT if present else _GREYED
            middle, x = self._height / 2, self._pad + self._size + self._gap
            _write(pen, (x, middle), label, font, ink)
            right = width - self._pad - _length(self._numbers, tail)
            _write(pen, (right, middle), tail, self._numbers, ink)
            self._sprites[key] = np.asarray(panel)
        return self._sprites[key]

    def _count(self, hidden: int, width: int) -> NDArray[np.uint8]:
        panel = _panel(width, self._height, 0, None)
        pen = ImageDraw.Draw(panel)
        _write(pen, (self._pad, self._height / 2), f"+{hidden} more", self._numbers, _TEXT)
        return np.asarray(panel)


@lru_cache(maxsize=8)
def legend_for(expressions: tuple[str | None, ...], width: int, height: int) -> Legend:
    """The legend of these expressions on pictures of this size, made once."""
    return Legend(expressions, width, height)


def clean(text: str) -> str:
    """One printable line: white space becomes single spaces, control characters and lone
    surrogates go, and no more than what a chip could ever show is kept."""
    line = " ".join(text[: 4 * _LONGEST].split())
    return "".join(c for c in line if c.isprintable() or c == "\u200d")[: _LONGEST + 1]


def showable(text: str, font: FreeTypeFont) -> str:
    """The text without characters that the font lacks; nothing if that is most of them."""
    line = clean(text)
    lacking = missing(font, frozenset(line))
    joiners = {c for c in line if lacking and unicodedata.category(c) in ("Cf", "Mn", "Sk")}
    rest = "".join(c for c in line if c not in lacking | joiners)
    return clean(rest) if 2 * len(rest) > len(line) else ""


def ellipsise(text: str, font: FreeTypeFont, width: float) -> str:
    """The longest beginning of the text that fits the width in pixels, "…" where it is cut."""
    text = clean(text)
    if len(text) <= _LONGEST and _length(font, text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:  # how many characters fit, by bisection
        middle = (low + high + 1) // 2
        fits = _length(font, text[:middle].rstrip() + "…") <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + "…"


def _length(font: FreeTypeFont, text: str) -> int:
    return int(np.ceil(font.getlength(text)))


def _write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    font: FreeTypeFont,
    ink: tuple[int, int, int, int],
) -> None:
    """Text whose capital letters are centred on ``place``'s height, from its x onwards."""
    top, bottom = font.getbbox("H")[1::2]
    pen.text((place[0], round(place[1] - (top + bottom) / 2)), text, font=font, fill=ink)


def _panel(width: int, height: int, swatch: int, colour: tuple[int, ...] | None) -> Image.Image:
    """A rounded dark panel with a square of the colour, or an empty one for None."""
    big = Image.new("RGBA", (width * _SMOOTH, height * _SMOOTH), (*_PANEL[:3], 0))
    pen = ImageDraw.Draw(big)
    pen.rounded_rectangle(
        (0, 0, big.width - 1, big.height - 1), radius=big.height * 0.28, fill=_PANEL
    )
    if swatch:
        left, top = (height - swatch) * _SMOOTH // 2, (height - swatch) * _SMOOTH // 2
        square = (left, top, left + swatch * _SMOOTH, top + swatch * _SMOOTH)
        radius, line = swatch * _SMOOTH * 0.22, max(2, swatch * _SMOOTH // 8)
        if colour is None:
            pen.rounded_rectangle(square, radius=radius, outline=_GREYED, width=line)
        else:
            pen.rounded_rectangle(square, radius=radius, fill=(*colour, 255))
    return big.resize((width, height), Image.Resampling.BOX)


def _blend(canvas: NDArray[np.uint8], sprite: NDArray[np.uint8], x: int, y: int) -> None:
    window = canvas[y : y + sprite.shape[0], x : x + sprite.shape[1]]
    sprite = sprite[: window.shape[0], : window.shape[1]]
    alpha = sprite[..., 3:].astype(np.uint16)
    mixed = sprite[..., :3] * alpha + window * (255 - alpha) + 127
    window[...] = mixed // 255
