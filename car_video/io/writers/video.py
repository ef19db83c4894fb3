"""Writing one video file: real timestamps, colour tags, odd sizes, the name given last."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from car_video.errors import OutputError
from car_video.io.containers import open_output
from car_video.io.writers.atomic_files import part_of, remove, writing
from car_video.io.writers.audio import AudioTrack
from car_video.io.writers.picture_shape import fit, pad_even, square_size, squared

_ROUNDED = 0.0011  # seconds by which a container that counts milliseconds may be off
_SLOWEST, _FASTEST = 1e-3, 1e6  # frames per second that a grid of timestamps is made for
_CONTAINERS = {".webm": "webm", ".mov": "mov"}
_BT709 = 1  # in the numbering of ITU-T H.273 for primaries and transfer

_ONE_THREAD: dict[str, Any] = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}
"""Of swscale. Since PyAV 17 it cuts pictures into parts that are converted at once; towards
4:4:4 of 10 bits it now and then spoils the rows where parts meet, if their number does not
divide the height (a third of the pictures of 769x433, alpha 512 instead of 1023)."""


class VideoEncoder:
    """Encodes pictures as they come and moves the file into place when closed.

    The clock of the file starts with its first picture; each picture is shown at its own
    time, so a variable rate stays variable and a stride stays in step with the sound. Widths
    and heights that 4:2:0 colour cannot have (odd ones) grow by one repeated row or column.
    Pictures of another size are fitted into the first one's with black bars.

    Args:
        path: final name; the container follows from its ending.
        codecs: names of encoders in order of preference, each with its options.
        width: in pixels.
        height: in pixels.
        fps: pictures per second of the source, used for the grid of timestamps.
        pix_fmt: ``yuv420p``, or ``yuva420p`` for pictures with alpha; 4:4:4 formats keep odd
            sizes.
        pixel_aspect: width of a pixel divided by its height.
        timecode: of the first picture, ``hh:mm:ss:ff``; None writes none.
        audio: sound to go with the pictures; closed with the file, also if that fails.

    Attributes:
        notices: what went wrong with the sound, once the file is closed.

    Raises:
        OutputError: none of the encoders is there, or the file cannot be made.
    """

    def __init__(
        self,
        path: Path,
        codecs: Sequence[tuple[str, dict[str, str]]],
        width: int,
        height: int,
        fps: float,
        pix_fmt: str = "yuv420p",
        pixel_aspect: Fraction = Fraction(1),
        audio: AudioTrack | None = None,
        timecode: str | None = None,
    ) -> None:
        codec, options = choose_encoder(codecs)
        self.path = path
        self.notices: list[str] = []
        self._part = part_of(path)
        container = _CONTAINERS.get(path.suffix.lower(), "mp4")
        webm = container == "webm"
        # PyAV cannot state the shape of WebM's pixels, so there they are made square
        square = Fraction(1)
        self._stretch, self._aspect = (pixel_aspect, square) if webm else (square, pixel_aspect)
        width, height = square_size(width, height, self._stretch)
        self._size = (width, height)
        self._rate, self._clock = timescale(fps)
        self._first: float | None = None
        self._time = 0.0
        self._ticks, self._step = -1, round(self._clock / self._rate)
        self._first_dts: int | None = None
        self._format = pix_fmt
        self._audio = audio
        self._container: Any = None
        try:
            with writing(path):
                self._container = open_output(
                    self._part,
                    format=container,
                    options={} if webm else mp4_layout(self._clock),
                )
                if timecode is not None:
                    self._container.metadata["timecode"] = timecode
                self._stream = self._container.add_stream(
                    codec, rate=self._rate, options=options
                )
                self._describe(width, height)
                if audio is not None:
                    audio.attach(self._container)
        except BaseException:
            self.abort()
            raise

    def _describe(self, width: int, height: int) -> None:
        """Size, clock and colours, before anything is encoded."""
        stream, context = self._stream, self._stream.codec_context
        odd = 2 if "420" in self._format else 1  # what sizes must be multiples of
        stream.width, stream.height = -(-width // odd) * odd, -(-height // odd) * odd
        stream.pix_fmt = self._format
        context.time_base = Fraction(1, self._clock)
        context.sample_aspect_ratio = self._aspect
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        context.color_primaries = _BT709
        context.color_trc = _BT709
        if self._format == "yuva420p":
            stream.metadata["alpha_mode"] = "1"

    def write(self, image: NDArray[np.uint8], time: float) -> None:
        """Add one picture, uint8 [H, W, 3 or 4], shown from ``time`` (seconds) on.

        Raises:
            OutputError: the disk or the encoder does not take it.
        """
        with writing(self.path):
            if self._first is None:
                self._first = time
                if self._audio is not None:
                    self._audio.begin(time)
            ticks = self._ticks_at(time)
            if self._ticks >= 0:
                self._step = ticks - self._ticks
            self._ticks, self._time = ticks, time
            image = fit(squared(image, self._stretch), *self._size)
            image = pad_even(image) if "420" in self._format else image
            pixels = "rgb24" if image.shape[2] == 3 else "rgba"
            picture = av.VideoFrame.from_ndarray(image, pixels)
            threads = {} if "420" in self._format else _ONE_THREAD
            picture = picture.reformat(
                format=self._format, dst_colorspace=Colorspace.ITU709, **threads
            )
            picture.pts, picture.time_base = ticks, Fraction(1, self._clock)
            if self._audio is not None:
                self._audio.pump(time)
            self._mux(self._stream.encode(picture))

    def close(self, end: float | None = None, all_sound: bool = False) -> None:
        """Finish the file and give it its name; without a picture there is no file.

        Args:
            end: time in seconds until which the last picture is shown; None shows it as long
                as the one before.
            all_sound: sound that goes on after the last picture is kept as well.

        Raises:
            OutputError: the disk or the encoder does not take it; no file is left.
        """
        if self._first is None:
            self.abort()
            return
        try:
            with writing(self.path):
                if end is not None:
                    self._step = self._ticks_at(end) - self._ticks
                if self._audio is not None:
                    self._audio.pump(self._time + self._step / self._clock)
                    if all_sound:
                        self._audio.pump_rest()
                    self._audio.close()
                    self.notices += [self._audio.notice] if self._audio.notice else []
                self._mux(self._stream.encode(None), last=True)
                self._container.close()
                os.replace(self._part, self.path)
        except BaseException:
            self.abort()
            raise

    def _ticks_at(self, time: float) -> int:
        """The time on the clock of the file, after the picture before."""
        seconds = time - (self._first or 0.0)
        ticks = grid_ticks(seconds, self._rate, self._clock)
        if ticks <= self._ticks:  # several pictures within one period
            ticks = round(seconds * self._clock)
        return max(ticks, self._ticks + 1)

    def _mux(self, packets: list[Any], last: bool = False) -> None:
        final = max((packet.pts for packet in packets), default=None)
        for number, packet in enumerate(packets, 1):
            if self._first_dts is None:
                self._first_dts = packet.dts
            end = self._ticks + self._step
            if last and number == len(packets):
                # mp4 counts durations in the order of decoding: this makes the whole file as
                # long as its pictures are shown
                packet.duration = max(1, end + self._first_dts - packet.dts)
            elif last and packet.pts == final:
                # encoders reorder: the picture shown last need not be the last packet
                packet.duration = max(1, end - packet.pts)
            self._container.mux(packet)

    def abort(self) -> None:
        """Stop encoding and remove the unfinished file."""
        for part in (self._audio, self._container):
            # what cannot be written any more does not matter in a file that goes
            with contextlib.suppress(OSError, av.FFmpegError):
                if part is not None:
                    part.close()
        remove(self._part)


def choose_encoder(codecs: Sequence[tuple[str, dict[str, str]]]) -> tuple[str, dict[str, str]]:
    """The first encoder of the list that this build of FFmpeg has, and its options.

    Raises:
        OutputError: it has none of them.
    """
    for name, options in codecs:
        try:
            av.Codec(name, "w")
        except (av.codec.codec.UnknownCodecError, ValueError):
            continue
        return name, dict(options)
    names = ", ".join(name for name, _ in codecs)
    raise OutputError(f"PyAV has no encoder {names}; install its wheel: pip install -U av")


def mp4_layout(clock: int) -> dict[str, str]:
    """Options of the mp4 container: the index in front, and times as fine as the pictures'.

    By default the edit list counts milliseconds, and what lies beyond its end is not shown: at
    5,000 pictures per second the last ones were lost.

    Args:
        clock: ticks per second of the pictures' timestamps.
    """
    return {"movflags": "+faststart", "movie_timescale": str(clock)}


def timescale(fps: float) -> tuple[Fraction, int]:
    """A rate as an exact fraction, and ticks per second in which its period is whole.

    Args:
        fps: any number; 25 where no clock can have it (cameras that do not know theirs).
    """
    usable = _SLOWEST <= fps <= _FASTEST  # not so for NaN
    rate = Fraction(float(fps) if usable else 25.0).limit_denominator(1001)
    return rate, rate.numerator * -(-12000 // rate.numerator)


def grid_ticks(seconds: float, rate: Fraction, clock: int) -> int:
    """The time in ticks of the clock, on the grid of the rate where it is meant to be there.

    Some containers (Matroska, WebM) round times to milliseconds; a constant rate would come
    out as a variable one if that were kept.
    """
    period = round(seconds * rate)
    if abs(seconds - period / rate) <= _ROUNDED:
        return period * round(clock / rate)
    return round(seconds * clock)
