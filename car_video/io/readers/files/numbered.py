"""Frames of a media file whose pixels another library decodes, at random and in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from car_video.errors import SourceError
from car_video.io.readers.base import FrameReader, Loaded, Picture, SourceInfo
from car_video.io.readers.decoding.container import open_file
from car_video.io.readers.decoding.cursor import Cursor
from car_video.io.readers.decoding.pixels import (
    FrameConverter,
    display_matrix,
    mirrors,
    upright_aspect,
)
from car_video.io.readers.decoding.statements import frame_rate
from car_video.io.readers.files.decoders import OTHER_DECODERS
from car_video.io.readers.messages import counted
from car_video.io.readers.selection import Selection


class NumberedBackend:
    """The frames of a media file by number, decoded by decord or torchcodec.

    Args:
        path: of the file.
        name: what the user called it.
        selection: bounds the size.
        decoder: a name out of :data:`OTHER_DECODERS`.

    Attributes:
        times: float64 [N]: seconds from the start of the source, one per frame.
        end: seconds at which the last frame ends, None where the file does not say so.
        decoder: its name.
        info: of the file; width and height are 0 until a picture is known.

    Raises:
        ConfigError: the library is not installed.
        SourceError: not readable, or not in a way that gives its frames sure numbers.
    """

    def __init__(self, path: Path, name: str, selection: Selection, decoder: str) -> None:
        self.decoder = decoder
        cursor = Cursor(partial(open_file, path), name)
        try:
            index = cursor.index()
            first = next(cursor.from_start(), None)  # opens the file anew
            matrix = None if first is None else display_matrix(first.frame)
            stream, streams = cursor.stream, cursor.container.streams
            self.times, self.end = index.times, index.end
            self._pictures = OTHER_DECODERS[decoder](path, stream.index)
            if not index.sound or len(self._pictures) != len(self.times):
                raise SourceError(
                    f"{name}: the frames of this file have no sure numbers in {decoder} "
                    f"({len(self._pictures)} of {len(self.times)}); use the decoder pyav"
                )
            if decoder == "decord" and len(streams.video) > 1:
                raise SourceError(
                    f"{name}: decord cannot choose among {len(streams.video)} video streams; "
                    "use the decoder pyav"
                )
            if mirrors(matrix):
                raise SourceError(
                    f"{name}: {decoder} does not mirror the pictures as this file wants it; "
                    "use the decoder pyav"
                )
            self.info = SourceInfo(
                source=name,
                width=0,
                height=0,
                fps=frame_rate(stream),
                frames=len(self.times),
                duration=self.end,
                has_audio=bool(streams.audio),
                live=False,
                kind="file",
                origin=float(int(index.pts[0]) * stream.time_base),
                sample_aspect_ratio=upright_aspect(stream.sample_aspect_ratio, matrix),
            )
        finally:
            cursor.close()
        self._convert = FrameConverter(selection)

    def load(self, index: int) -> Loaded:
        image = np.ascontiguousarray(self._pictures.picture(index))
        return self._convert(av.VideoFrame.from_ndarray(image, format="rgb24"))

    def name(self, index: int) -> str:
        """Frames are no files."""
        return ""

    def close(self) -> None:
        """The libraries let go of the file when their objects do."""


class NumberedReader(FrameReader):
    """Reads a media file in order through a :class:`NumberedBackend`.

    Raises:
        SourceError: no frame in it that is wanted and can be decoded.
    """

    def __init__(self, backend: NumberedBackend, selection: Selection) -> None:
        super().__init__(selection)
        self._backend = backend
        self._begin()

    def _pictures(self) -> Iterator[Picture]:
        times = self._backend.times
        for index, time in enumerate(times.tolist()):
            load = partial(self._backend.load, index)
            duration = duration_at(times, self._backend.end, index)
            yield Picture(index, time, load, duration=duration)
        if self.skipped:
            self.notices.append(f"{counted(self.skipped, 'frame')} skipped: not decodable")

    def _describe(self, width: int, height: int) -> SourceInfo:
        return replace(self._backend.info, width=width, height=height)

    def _nothing(self) -> SourceError:
        times = self._backend.times
        if self.skipped or self._selection.start is None:
            return SourceError(
                f"{self._backend.info.source}: {self._backend.decoder} can decode no frame of "
                "it; use the decoder pyav"
            )
        return SourceError(
            f"{self._backend.info.source}: no frame from {self._selection.start:g} s on; its "
            f"last one is at {times[-1]:.1f} s"
        )

    def _release(self) -> None:
        self._backend.close()


def duration_at(times: NDArray[np.float64], end: float | None, index: int) -> float | None:
    """Seconds that a frame is shown, as :attr:`car_video.types.Frame.duration`.

    Args:
        times: float64 [N]: seconds at which the frames begin.
        end: seconds at which the last one ends, None where that is not known.
        index: of the frame.
    """
    until = float(times[index + 1]) if index + 1 < len(times) else end
    return None if until is None else until - float(times[index])
