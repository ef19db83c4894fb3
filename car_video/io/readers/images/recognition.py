"""What a file is, by what is in it: a video, an animation, or a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PIL import Image as PillowImage

from car_video.errors import SourceError
from car_video.io.readers.folders import IMAGE_SUFFIXES, is_image_name
from car_video.io.readers.images.heif import SEQUENCE_BRANDS, STILL_BRANDS, brand
from car_video.io.readers.messages import first_bytes

T = TypeVar("T")

ANIMATIONS = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
"""Pillow's names of formats whose several pictures are frames. In all others they are pages
(TIFF), previews or views of one photo (MPO), sizes of one icon, layers."""


def video_or_image(
    path: Path, video: Callable[[], T], animation: Callable[[], T], image: Callable[[], T]
) -> T:
    """Open a file as what it is.

    A name that is an image's is believed to be one of an image; else what FFmpeg does not read
    as a video may be an image as well.

    Args:
        path: of the file.
        video: opens it as a video, by FFmpeg.
        animation: opens it as an animation, by Pillow.
        image: opens it as one picture.

    Raises:
        SourceError: nothing can open it; what ``video`` said of it, if it was asked.
    """
    if not path.is_file():
        return video()
    first_bytes(path)
    if brand(path) in SEQUENCE_BRANDS:
        return video()
    if brand(path) in STILL_BRANDS or is_still_gif(path) or is_photo_with_views(path):
        return image()
    if not is_image_name(path):
        try:
            return video()
        except SourceError:
            if not holds_image(path):
                raise
    return animation() if is_animated(path) else image()


def is_animated(path: Path) -> bool:
    """Whether a file is an animation that Pillow reads."""
    return _frames_of(path, ANIMATIONS) > 1


def is_still_gif(path: Path) -> bool:
    """Whether a file is a GIF of one picture."""
    return first_bytes(path).startswith(b"GIF8") and _frames_of(path, {"GIF"}) == 1


def is_photo_with_views(path: Path) -> bool:
    """Whether a file is a JPEG with further pictures in it (MPO)."""
    return first_bytes(path).startswith(b"\xff\xd8\xff") and _frames_of(path, {"MPO"}) > 1


def holds_image(path: Path) -> bool:
    """Whether a file holds an image, whatever its name says."""
    known = PillowImage.registered_extensions()
    formats = {known[s] for s in IMAGE_SUFFIXES if s in known} & PillowImage.OPEN.keys()
    try:
        with PillowImage.open(path, formats=list(formats)):
            return True
    except PillowImage.DecompressionBombError:
        return True
    except Exception:  # Pillow's plugins raise nearly anything on what they do not know
        return False


def _frames_of(path: Path, formats: frozenset[str] | set[str]) -> int:
    """How many frames an animation has; 0 where a file is of none of these formats."""
    try:
        with PillowImage.open(path) as image:
            return int(getattr(image, "n_frames", 1)) if image.format in formats else 0
    except Exception:  # damaged: whoever reads it will say so
        return 0
