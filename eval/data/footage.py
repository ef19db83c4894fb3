"""The pictures of a video: files of their own, or frames of a movie."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import CarVideoError, DataError
from car_video.types import Frame

from .images import image_size, read_rgb
from .videos import Video

Picture = NDArray[np.uint8]
"""uint8 [H, W, 3] RGB."""


def read_pictures(video: Video) -> Iterator[Picture]:
    """The pictures of a video's frames, in order.

    Raises:
        DataError: a file is missing or damaged, or the movie is too short.
    """
    if video.movie is None:
        yield from map(read_rgb, video.images)
        return
    wanted = [int(frame) for frame in video.frames]
    found = 0
    for number, frame in enumerate(movie_frames(video.movie)):
        if found < len(wanted) and number == wanted[found]:
            found += 1
            yield frame.image
        if found == len(wanted):
            return
    raise DataError(
        f"'{video.movie}' has no frame {wanted[found]}, which '{video.name}' names; fetch the "
        f"movie again"
    )


def movie_frames(path: Path) -> Iterator[Frame]:
    """The frames of a movie.

    Raises:
        DataError: it cannot be decoded.
    """
    from car_video import read_frames  # PyAV: not for scoring masks

    try:
        yield from read_frames(str(path))
    except CarVideoError as error:
        raise DataError(f"movie '{path}': {error}") from None


def picture(video: Video, frame: str) -> Picture:
    """The picture of one frame by its name."""
    number = video.frames.index(frame)
    if video.movie is None:
        return read_rgb(video.images[number])
    return next(islice(read_pictures(video), number, None))


@lru_cache(maxsize=512)
def _movie_size(path: Path) -> tuple[int, int]:
    first = next(movie_frames(path), None)
    if first is None:
        raise DataError(f"movie '{path}' holds no frame; fetch it again")
    return first.height, first.width


def video_size(video: Video) -> tuple[int, int]:
    """Height and width of a video's pictures."""
    return _movie_size(video.movie) if video.movie else image_size(video.images[0])
