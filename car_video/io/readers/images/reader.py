"""Frames that are image files: a folder of them, a single one, an animated one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from car_video.errors import ConfigError, SourceError
from car_video.io.readers.base import (
    FrameReader,
    Loaded,
    Picture,
    RefusedError,
    SourceInfo,
    UndecodableError,
)
from car_video.io.readers.images.stills import load_still
from car_video.io.readers.messages import counted, some_of
from car_video.io.readers.selection import Selection, is_number

DEFAULT_IMAGE_FPS = 25.0
"""Frames per second that a folder of images is taken to have."""


def check_image_fps(fps: float) -> None:
    """Raises ConfigError where this cannot be a number of frames per second."""
    if not (is_number(fps) and fps > 0):
        raise ConfigError(f"image_fps is {fps!r}: give frames per second, above 0")


class ImageReader(FrameReader):
    """Reads image files as the frames of a video.

    ``Frame.index`` is the place in the natural order of the names, ``Frame.time`` is
    ``index / fps``. An image that cannot be read is skipped and counted; its place stays.

    Args:
        name: what the user called the source.
        paths: the files in order.
        selection: which are wanted.
        fps: frames per second that they are taken to have.
        single: the source is one image, not a folder.

    Raises:
        SourceError: no image that can be read.
    """

    def __init__(
        self,
        name: str,
        paths: list[Path],
        selection: Selection,
        fps: float = DEFAULT_IMAGE_FPS,
        single: bool = False,
    ) -> None:
        super().__init__(selection)
        self._name = name
        self._paths = paths
        self._fps = fps
        self._single = single
        self._unreadable: list[str] = []
        self._refused = ""
        self._paged: list[str] = []
        self._begin()

    def _load(self, path: Path) -> Loaded:
        try:
            still = load_still(path, self._selection)
        except UndecodableError as error:
            self._unreadable.append(path.name)
            self._refused = self._refused or (
                str(error) if isinstance(error, RefusedError) else ""
            )
            raise
        if still.more:
            self._paged.append(path.name)
        return still.picture

    def _pictures(self) -> Iterator[Picture]:
        for index, path in enumerate(self._paths):
            yield Picture(
                index, index / self._fps, partial(self._load, path), path.name, 1 / self._fps
            )
        if self._unreadable:
            count = counted(len(self._unreadable), "image")
            names = some_of(self._unreadable)
            why = self._refused or "not readable"
            self.notices.append(f"{count} skipped: {why} ({names})")
        if self._paged:
            names = some_of(self._paged)
            self.notices.append(
                f"only the first picture of {names} is read; save the others apart"
            )

    def _describe(self, width: int, height: int) -> SourceInfo:
        return SourceInfo(
            source=self._name,
            width=width,
            height=height,
            fps=self._fps,
            frames=len(self._paths),
            duration=len(self._paths) / self._fps,
            has_audio=False,
            live=False,
            kind="image" if self._single else "folder",
        )

    def _nothing(self) -> SourceError:
        count = len(self._paths)
        if self.skipped:
            if self._single:
                why = "this image cannot be read; cut off, damaged, or not an image at all"
                return SourceError(f"{self._name}: {self._refused or why}")
            why = self._refused or "damaged, or no images at all"
            return SourceError(
                f"{self._name}: none of {self.skipped} images can be read; {why}"
            )
        return SourceError(
            f"{self._name}: no frame from {self._selection.start:g} s on; "
            f"it has {counted(count, 'image')}, at {self._fps:g} per second "
            f"until {count / self._fps:g} s"
        )

    def _release(self) -> None:
        """Nothing stays open between images."""
