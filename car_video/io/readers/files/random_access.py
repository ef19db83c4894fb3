"""Frames by number, for work on keyframes and in both directions of time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from car_video.errors import SourceError
from car_video.io.readers.base import Loaded, UndecodableError
from car_video.io.readers.decoding.container import open_file
from car_video.io.readers.files.backends import (
    Backend,
    ImageBackend,
    StoredBackend,
    VideoBackend,
)
from car_video.io.readers.files.decoders import DecoderName, check_decoder
from car_video.io.readers.files.numbered import NumberedBackend, duration_at
from car_video.io.readers.folders import list_images
from car_video.io.readers.images.animated import AnimatedImageReader
from car_video.io.readers.images.reader import DEFAULT_IMAGE_FPS, check_image_fps
from car_video.io.readers.images.recognition import video_or_image
from car_video.io.readers.selection import Selection
from car_video.io.readers.sources import parse_source
from car_video.types import Frame


class RandomAccessReader(Sequence[Frame]):
    """The frames of a file or an image folder, by number.

    ``reader[i]`` is the frame that :func:`read_frames` delivers with ``index == i``: the same
    time, the same pixels. A damaged frame that reading in order skips keeps its place here;
    asking for it raises :class:`SourceError`.

    Args:
        source: a video file, an image, or a folder of images.
        size: bound in pixels for the longer side; nothing is enlarged.
        image_fps: frames per second that a folder of images is taken to have.

        decoder: ``pyav``, or ``decord`` or ``torchcodec`` where these are installed: for
            media files only. See docs/sources.md for what they do less well.

    Attributes:
        times: float64 [N]: seconds from the start of the source, one per frame.

    Raises:
        SourceError: not readable, or not a file or folder.
        ConfigError: an argument out of range, or a decoder that is not installed.
    """

    def __init__(
        self,
        source: str | os.PathLike[str],
        *,
        size: int | None = None,
        image_fps: float = DEFAULT_IMAGE_FPS,
        decoder: DecoderName = "pyav",
    ) -> None:
        check_decoder(decoder)
        check_image_fps(image_fps)
        named = parse_source(source)
        if named.kind != "path":
            raise SourceError(
                f"{named.name}: live sources have no random access; use read_frames"
            )
        self._name = named.name
        path = Path(named.value)
        self._decoder = decoder
        self._backend = self._open(path, Selection(size=size), image_fps)
        if not len(self.times):
            self.close()
            raise SourceError(f"{self._name}: no frame in it can be decoded; empty or damaged")

    def _open(self, path: Path, selection: Selection, fps: float) -> Backend:
        if path.is_dir():
            return ImageBackend(list_images(path), selection, fps)

        def video() -> Backend:
            if self._decoder != "pyav":
                return NumberedBackend(path, self._name, selection, self._decoder)
            return VideoBackend(partial(open_file, path), self._name, selection)

        def animation() -> Backend:
            return StoredBackend(AnimatedImageReader(self._name, path, selection))

        def image() -> Backend:
            return ImageBackend([path], selection, fps)

        return video_or_image(path, video, animation, image)

    @property
    def times(self) -> NDArray[np.float64]:
        """Seconds from the start of the source, one per frame."""
        return self._backend.times

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, index: int) -> Frame:  # type: ignore[override]
        """The frame with this number; negative numbers count from the end.

        Raises:
            IndexError: there is no such frame.
            TypeError: not a whole number.
            SourceError: the frame is damaged.
        """
        place = self._place(index)
        image, _ = self._load(place)
        duration = duration_at(self.times, self._backend.end, place)
        name = self._backend.name(place)
        return Frame(place, float(self.times[place]), image, name, duration)

    def get_batch(self, indices: Sequence[int]) -> list[Frame]:
        """The frames with these numbers, in this order; decoded in order of presentation.

        Raises:
            IndexError: there is no such frame.
            TypeError: not whole numbers.
            SourceError: one of them is damaged.
        """
        places = [self._place(index) for index in indices]
        found = {place: self[place] for place in sorted(set(places))}
        return [found[place] for place in places]

    def _place(self, index: int) -> int:
        """The frame's number counted from 0, of one that may count from the end."""
        if isinstance(index, slice):
            raise TypeError("frames have numbers, not slices; get_batch(range(0, 2)) gives two")
        try:
            return range(len(self))[index]
        except IndexError:
            raise IndexError(
                f"no frame {index} in {self._name}; the last one is {len(self) - 1}"
            ) from None
        except TypeError:
            raise TypeError(f"the number of a frame is a whole number, got {index!r}") from None

    def _load(self, place: int) -> Loaded:
        try:
            return self._backend.load(place)
        except UndecodableError as error:
            raise SourceError(
                f"{self._name}: frame {place} is damaged and cannot be shown; take another"
            ) from error

    def close(self) -> None:
        """Let go of the source. Safe to call twice."""
        self._backend.close()

    def __enter__(self) -> RandomAccessReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
