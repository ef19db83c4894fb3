"""Frames that are image files: a folder of them, a single one, an animated one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageOps

from car_video.errors import SourceError
from car_video.io.readers.base import (
    FrameReader,
    Loaded,
    Picture,
    SourceInfo,
    UndecodableError,
)
from car_video.io.readers.decoding.pixels import on_white
from car_video.io.readers.folders import IMAGE_SUFFIXES
from car_video.io.readers.messages import counted, first_bytes, some_of
from car_video.io.readers.selection import Selection

T = TypeVar("T")

DEFAULT_IMAGE_FPS = 25.0
"""Frames per second that a folder of images is taken to have."""

OVERSHOOT = 2.0  # grey in floats up to here counts in parts of one: resampling goes beyond it


def holds_image(path: Path) -> bool:
    """Whether a file holds an image, whatever its name says."""
    known = PillowImage.registered_extensions()
    formats = {known[s] for s in IMAGE_SUFFIXES if s in known} & PillowImage.OPEN.keys()
    try:
        with PillowImage.open(path, formats=list(formats)):
            return True
    except Exception:  # Pillow's plugins raise nearly anything on what they do not know
        return False


def video_or_image(path: Path, video: Callable[[], T], image: Callable[[], T]) -> T:
    """Open a file as what it is: by its suffix, or by what is in it where that is no video.

    Args:
        path: of the file.
        video: opens it as a video.
        image: opens it as an image.

    Raises:
        SourceError: neither can be opened; what ``video`` said of it, if it was asked.
    """
    if path.suffix.lower() not in IMAGE_SUFFIXES or not path.is_file():
        try:
            return video()
        except SourceError:
            if not path.is_file() or not holds_image(path):
                raise
    first_bytes(path)
    return image()


def has_pages(path: Path) -> bool:
    """Whether an image is a TIFF of several pages, as far as these can be counted."""
    if path.suffix.lower() in IMAGE_SUFFIXES - {".tif", ".tiff"}:
        return False  # not every file of a long folder is worth opening twice
    try:
        with PillowImage.open(path) as image:
            return image.format == "TIFF" and getattr(image, "n_frames", 1) > 1
    except Exception:  # the first page may be whole where what follows is damaged
        return False


def load_image(path: Path, selection: Selection) -> Loaded:
    """Read an image file: upright by EXIF, transparency on white, 16 bits brought to 8.

    Raises:
        UndecodableError: not an image, cut off, or absurdly large.
    """
    try:
        with PillowImage.open(path) as image:
            return from_pillow(image, selection)
    except UndecodableError:
        raise
    except Exception as error:  # Pillow's plugins raise nearly anything on damaged files
        raise UndecodableError(f"{path}: {error}") from error


def from_pillow(image: PillowImage.Image, selection: Selection) -> Loaded:
    """An opened Pillow image as upright RGB of the wanted size, and its own upright size."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I") or turned.mode == "F":
        turned = PillowImage.fromarray(_eight_bits(np.asarray(turned)))
    transparent = turned.mode in ("RGBA", "LA", "PA", "La", "RGBa") or (
        "transparency" in turned.info
    )
    plain = turned.convert("RGBA" if transparent else "RGB")
    bounded = selection.bounded(*plain.size)
    if bounded != plain.size:
        shrunk = plain.resize(bounded, PillowImage.Resampling.BOX)
    else:
        shrunk = plain
    pixels = np.array(shrunk, np.uint8)
    return (on_white(pixels) if transparent else pixels), plain.size


def _eight_bits(grey: np.ndarray) -> np.ndarray:
    """Deep grey brought to 0..255: 16-bit values and parts of one scaled, others left alone."""
    if grey.dtype.kind == "f":
        known = grey[np.isfinite(grey)]
        scale = 255 if known.max(initial=0) <= OVERSHOOT else 1
        whole = np.nan_to_num(grey * scale, nan=0, posinf=255, neginf=0)
        return whole.round().clip(0, 255).astype(np.uint8)
    deep = grey.dtype.itemsize == 2 or int(grey.max(initial=0)) > 255
    wide = grey.astype(np.int64)  # 65535 + 128 is more than 16 bits hold
    return ((wide.clip(0, 65535) + 128) // 257 if deep else wide.clip(0, 255)).astype(np.uint8)


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
        self._paged: list[str] = []
        self._begin()

    def _load(self, path: Path) -> Loaded:
        try:
            loaded = load_image(path, self._selection)
        except UndecodableError:
            self._unreadable.append(path.name)
            raise
        if has_pages(path):
            self._paged.append(path.name)
        return loaded

    def _pictures(self) -> Iterator[Picture]:
        for index, path in enumerate(self._paths):
            yield Picture(
                index, index / self._fps, partial(self._load, path), path.name, 1 / self._fps
            )
        if self._unreadable:
            count = counted(len(self._unreadable), "image")
            names = some_of(self._unreadable)
            self.notices.append(f"{count} skipped: not readable ({names})")
        if self._paged:
            names = some_of(self._paged)
            self.notices.append(f"only the first page of {names} is read; save pages apart")

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
            what = "this image cannot be read; cut off, damaged, or not an image at all"
            if not self._single:
                what = (
                    f"none of {self.skipped} images can be read; damaged, or no images at all"
                )
            return SourceError(f"{self._name}: {what}")
        return SourceError(
            f"{self._name}: no frame from {self._selection.start:g} s on; "
            f"it has {counted(count, 'image')}, at {self._fps:g} per second "
            f"until {count / self._fps:g} s"
        )

    def _release(self) -> None:
        """Nothing stays open between images."""
