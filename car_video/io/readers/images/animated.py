"""Frames of an animated image that FFmpeg does not read (WebP, PNG), by Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image as PillowImage

from car_video.errors import SourceError
from car_video.io.readers.base import (
    FrameReader,
    Loaded,
    Picture,
    SourceInfo,
    UndecodableError,
)
from car_video.io.readers.images.stills import from_pillow
from car_video.io.readers.selection import Selection

DEFAULT_PAUSE = 0.1
"""Seconds that a frame is shown where the file states none, as browsers do."""


class AnimatedImageReader(FrameReader):
    """Reads an animated WebP or PNG; times are the sums of the frames' durations.

    Args:
        name: what the user called the source.
        path: the file.
        selection: which frames are wanted.

    Raises:
        SourceError: no frame that can be read.
    """

    def __init__(self, name: str, path: Path, selection: Selection) -> None:
        super().__init__(selection)
        self._name = name
        self._image = PillowImage.open(path)
        self._count = int(getattr(self._image, "n_frames", 1))
        self._time = 0.0
        self._begin()

    def _pictures(self) -> Iterator[Picture]:
        for index in range(self._count):
            try:
                self._image.seek(index)
                self._image.load()
            except Exception:  # Pillow's plugins raise nearly anything on damaged files
                self._unloadable += self._count - index
                self.notices.append(f"file ends early: {index} of {self._count} frames")
                return
            pause = self._milliseconds() / 1000
            yield Picture(index, self._time, self._load, duration=pause)
            self._time += pause

    def _milliseconds(self) -> float:
        return float(self._image.info.get("duration") or DEFAULT_PAUSE * 1000)

    def _load(self) -> Loaded:
        try:
            return from_pillow(self._image, self._selection)
        except Exception as error:
            raise UndecodableError(str(error)) from error

    def _describe(self, width: int, height: int) -> SourceInfo:
        pause = self._milliseconds() / 1000
        return SourceInfo(
            source=self._name,
            width=width,
            height=height,
            fps=1 / pause,
            frames=self._count,
            duration=None,  # every frame has a pause of its own
            has_audio=False,
            live=False,
            kind="file",
        )

    def _nothing(self) -> SourceError:
        return SourceError(
            f"{self._name}: no wanted frame; of {self._count} frames "
            f"{self._count - self.skipped} can be read, up to {self._time:.1f} s"
        )

    def _release(self) -> None:
        self._image.close()
