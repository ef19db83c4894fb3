"""The overlay as a stream for another program: ``car-video ... --out - | ffplay -``."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.video.reformatter import ColorRange, Colorspace

from car_video.io.containers import open_output
from car_video.io.writers.drawing import draw_overlay
from car_video.io.writers.picture_shape import fit, pad_even, square_size, squared
from car_video.types import Frame, FramePrediction

TICKS = 1000  # per second


class _Open:
    """Takes all bytes of each write and remembers what went wrong, as FFmpeg cannot."""

    def __init__(self, target: BinaryIO) -> None:
        self.error: OSError | None = None
        self._target = target

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        try:
            while rest and self.error is None:
                rest = rest[self._target.write(rest) :]
        except OSError as error:
            self.error = error
        return len(data)


class PipeOutputs:
    """Frames with their masks, uncompressed, in NUT, each sent as soon as it is there.

    NUT because it carries each picture's own time, which raw formats do not, and holds none
    back, which Matroska does. Uncompressed because the other program compresses it, or shows
    it. Colour is BT.601, which is what players take untagged video for. Stands for
    :class:`~car_video.io.writers.outputs.Outputs` where nothing is kept.

    Args:
        stream: takes bytes; unbuffered, or pictures come late.
        pixel_aspect: width of a pixel divided by its height; the pixels sent are square.

    Attributes:
        done: nothing: what has gone through a pipe is gone.
    """

    def __init__(self, stream: BinaryIO, pixel_aspect: Fraction = Fraction(1)) -> None:
        self.done: Mapping[int, FramePrediction] = {}
        self._target = _Open(stream)
        self._pixel_aspect = pixel_aspect
        self._container: Any = None
        self._stream: Any = None
        self._size = (0, 0)
        self._first, self._ticks = 0.0, -1

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        """Send one frame. Sizes are as in :class:`~car_video.io.writers.video.VideoEncoder`.

        Raises:
            BrokenPipeError: the other program has gone.
        """
        if self._container is None:
            self._begin(frame)
        drawn = squared(draw_overlay(frame.image, prediction), self._pixel_aspect)
        image = pad_even(fit(drawn, *self._size))
        picture = av.VideoFrame.from_ndarray(image, "rgb24")
        picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU601)
        self._ticks = max(self._ticks + 1, round((frame.time - self._first) * TICKS))
        picture.pts, picture.time_base = self._ticks, Fraction(1, TICKS)
        self._container.mux(self._stream.encode(picture))
        if self._target.error is not None:
            raise self._target.error

    def extend(self, expressions: tuple[str, ...]) -> None:
        """Nothing to note: the legend of each frame has its own."""

    def close(self, complete: bool = True) -> list[Path]:
        """End the stream; a reader that has gone is an end as well."""
        container, self._container = self._container, None
        if container is not None:
            try:
                container.mux(self._stream.encode(None))
            finally:
                container.close()
        return []

    def abort(self) -> None:
        """End the stream: what was sent cannot be taken back."""
        self.close()

    def paths(self) -> list[Path]:
        """No files."""
        return []

    def notices(self) -> list[str]:
        """Nothing to remark."""
        return []

    def _begin(self, frame: Frame) -> None:
        width, height = square_size(frame.width, frame.height, self._pixel_aspect)
        self._size, self._first = (width, height), frame.time
        self._container = open_output(
            self._target, format="nut", options={"flush_packets": "1"}
        )
        stream = self._container.add_stream("rawvideo", rate=TICKS)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.codec_context.colorspace = Colorspace.ITU601
        stream.codec_context.color_range = ColorRange.MPEG
        self._stream = stream
