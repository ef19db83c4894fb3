"""A contact sheet: the whole run at one glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from car_video.io.writers.atomic_files import write_whole
from car_video.io.writers.base import OutputInfo, Target
from car_video.io.writers.drawing import draw_masks
from car_video.io.writers.fonts import bundled_font
from car_video.io.writers.legend import ABSENT, Legend
from car_video.io.writers.picture_shape import fit
from car_video.io.writers.pngs import png_bytes
from car_video.types import Frame, FramePrediction

FILE = "sheet.png"
_BACKGROUND = (24, 24, 28)
_THUMBNAIL = 400  # longest side in pixels
_GAP = 8


@dataclass(frozen=True)
class _Thumbnail:
    time: float
    image: NDArray[np.uint8]


class SheetWriter:
    """``sheet.png``: up to ``count`` frames, evenly spaced, with masks and times.

    The number of frames need not be known: all are kept at first, then every second, every
    fourth and so on, so that never more than twice the count are in memory. The legend says
    in how many of all frames each expression was present.

    Args:
        path: of the PNG.
        count: of pictures on the sheet at most.
    """

    def __init__(self, path: str | Path, count: int = 16) -> None:
        self.path = Path(path)
        self.notices: list[str] = []
        self._count = count
        self._kept: list[_Thumbnail] = []
        self._shape: tuple[int, ...] | None = None
        self._every = 1
        self._seen = 0
        self._expressions: tuple[str, ...] = ()
        self._present = np.zeros(0, np.int64)
        self._whole = False

    def open(self, info: OutputInfo) -> None:
        self._expressions = info.expressions
        self._present = np.zeros(len(info.expressions), np.int64)

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        more = len(prediction.expressions) - len(self._present)
        if more > 0:  # expressions may be added while a run is under way
            self._expressions = prediction.expressions
            self._present = np.pad(self._present, (0, more))
        self._present += prediction.present
        if self._seen % self._every == 0:
            self._kept.append(_Thumbnail(frame.time, self._shrink(frame, prediction)))
            if len(self._kept) > 2 * self._count:
                self._kept = self._kept[::2]
                self._every *= 2
        self._seen += 1

    def close(self, complete: bool = True) -> None:
        if not self._kept:
            return
        chosen = evenly(len(self._kept), self._count)
        shares = [f"{round(100 * n / self._seen)}%" if n else ABSENT for n in self._present]
        sheet = lay_out([self._kept[i] for i in chosen], self._expressions, shares)
        write_whole(self.path, png_bytes(Image.fromarray(sheet)))
        self._whole = True
        self._kept = []

    def abort(self) -> None:
        self._kept = []

    def paths(self) -> list[Path]:
        return [self.path] if self._whole else []

    def _shrink(self, frame: Frame, prediction: FramePrediction) -> NDArray[np.uint8]:
        """uint8 [h, w, 3]: the overlay, small, all of the first one's size."""
        drawn = draw_masks(frame.image, prediction)
        if self._shape is None:
            self._shape = drawn.shape[:2]
        height, width = self._shape
        scale = min(1.0, _THUMBNAIL / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        whole = Image.fromarray(fit(drawn, width, height))
        return np.asarray(whole.resize(size, Image.Resampling.BOX))


def evenly(length: int, count: int) -> list[int]:
    """At most ``count`` different indices into ``length`` things, first and last included."""
    if length <= count:
        return list(range(length))
    return [int(i) for i in np.linspace(0, length - 1, count).round()]


def lay_out(
    thumbnails: list[_Thumbnail], expressions: tuple[str, ...], shares: list[str]
) -> NDArray[np.uint8]:
    """uint8 [H, W, 3]: legend above, thumbnails of one size in a grid, times in a corner."""
    height, width = thumbnails[0].image.shape[:2]
    columns = min(len(thumbnails), max(1, ceil(sqrt(len(thumbnails) * height / width * 1.6))))
    rows = ceil(len(thumbnails) / columns)
    columns = ceil(len(thumbnails) / rows)  # no last row with a single picture
    sheet_width = columns * (width + _GAP) + _GAP
    legend = Legend(expressions, sheet_width, 500, share=0.6)
    grid = Image.new(
        "RGB", (sheet_width, legend.bottom + rows * (height + _GAP) + _GAP), _BACKGROUND
    )
    pen = ImageDraw.Draw(grid)
    font = bundled_font(13)
    texts = timecodes([thumbnail.time for thumbnail in thumbnails])
    for place, (thumbnail, text) in enumerate(zip(thumbnails, texts, strict=True)):
        x = _GAP + place % columns * (width + _GAP)
        y = legend.bottom + _GAP + place // columns * (height + _GAP)
        grid.paste(Image.fromarray(thumbnail.image), (x, y))
        if width > font.getlength(text) + 12 and height > 24:
            pen.rectangle(
                (x, y + height - 20, x + font.getlength(text) + 10, y + height - 1), (0, 0, 0)
            )
            pen.text((x + 5, y + height - 18), text, "white", font)
    sheet = np.array(grid)
    legend.draw_texts(sheet, shares)
    return sheet


def timecodes(times: Sequence[float]) -> list[str]:
    """Each time as text, with as many decimals as tell them apart, 1 to 6.

    Args:
        times: seconds, rising.
    """
    for decimals in range(1, 6):
        texts = [timecode(time, decimals) for time in times]
        if len({*texts}) == len(texts):
            return texts
    return [timecode(time, 6) for time in times]


def timecode(seconds: float, decimals: int = 1) -> str:
    """``1:02.5`` for 62.5 seconds, ``1:00:00.0`` for an hour."""
    parts = 10**decimals
    whole, rest = divmod(max(0, round(seconds * parts)), parts)
    minutes, whole = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{whole:02d}.{rest:0{decimals}d}"


TARGET = Target(lambda run: SheetWriter(run.path / FILE), files=(FILE,))
