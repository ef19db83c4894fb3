"""What lies in a folder: pictures, clips, and what is neither."""

from __future__ import annotations

import os
import re
from pathlib import Path

from car_video.errors import SourceError
from car_video.io.readers.messages import counted, some_of


def _suffixes(*names: str) -> frozenset[str]:
    return frozenset(f".{name}" for name in names)


HEIF_SUFFIXES = _suffixes("heic", "heif", "hif")

IMAGE_SUFFIXES = HEIF_SUFFIXES | _suffixes(
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "bmp", "dib", "tif", "tiff"),
    *("ppm", "pgm", "pbm", "pnm", "tga", "jp2", "avif"),
)
"""File names that count as images, in lower case. A GIF counts as a clip."""

VIDEO_SUFFIXES = _suffixes(
    *("mp4", "m4v", "mov", "qt", "mkv", "webm", "avi", "divx", "gif", "ogv", "ogm", "nut"),
    *("ts", "mts", "m2ts", "m2t", "mpg", "mpeg", "mpe", "vob", "flv", "f4v", "swf"),
    *("wmv", "asf", "wtv", "rm", "rmvb", "3gp", "3g2", "mxf", "gxf", "dv", "y4m", "ivf"),
    *("h264", "264", "hevc", "h265", "265", "vvc", "266", "obu", "av1", "mjpeg", "mjpg"),
)
"""File names that count as clips in a folder, in lower case. A file that is named itself is
read by what is in it, whatever its name."""

UNREAD_PICTURES = _suffixes(
    *("jxl", "jxr", "psd", "xcf", "svg", "eps", "exr", "hdr", "ico", "icns", "pcx", "dpx"),
    *("dng", "cr2", "cr3", "nef", "arw", "raf", "orf", "rw2", "raw", "apng"),
)
"""Pictures that are not read from a folder: raw photos, drawings, icons."""


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key under which ``img2`` comes before ``img10``.

    Example:
        >>> sorted(["a10.png", "A2.png", "a1.png"], key=natural_key)
        ['a1.png', 'A2.png', 'a10.png']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts], name


def visible_files(folder: Path) -> list[Path]:
    """What a folder holds, without folders and hidden files, in natural order.

    Raises:
        SourceError: no permission.
    """
    try:
        with os.scandir(folder) as inside:
            names = [e.name for e in inside if not e.name.startswith(".") and not e.is_dir()]
    except OSError as error:
        raise SourceError(f"{folder}: cannot be read ({error.strerror})") from error
    return [folder / name for name in sorted(names, key=natural_key)]


def list_images(folder: Path) -> list[Path]:
    """The image files of a folder in natural order; hidden ones are left out.

    Raises:
        SourceError: no permission, or no image in it.
    """
    files = visible_files(folder)
    images = [file for file in files if is_image_name(file)]
    if images:
        return images
    clips = [file for file in files if is_clip_name(file)]
    folders = sum(child.is_dir() for child in folder.iterdir())
    hint = ""
    if clips:
        hint = f"; it has {counted(len(clips), 'clip')}, give one of them: {clips[0]}"
    elif folders:
        hint = f"; it has {counted(folders, 'folder')}, give one of them"
    raise SourceError(f"{folder}: no images (jpg, png, webp, ...) in this folder{hint}")


def left_out(folder: Path) -> list[str]:
    """What the user must know is not read of a folder of images, one line each."""
    unread = [
        file.name
        for file in visible_files(folder)
        if is_clip_name(file) or file.suffix.lower() in UNREAD_PICTURES
    ]
    if not unread:
        return []
    return [
        f"{counted(len(unread), 'file')} of the folder left out: clips, or pictures of a kind "
        f"that is not read ({some_of(unread)})"
    ]


def is_image_name(path: Path) -> bool:
    """Whether a file counts as an image by its name."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def is_clip_name(path: Path) -> bool:
    """Whether a file counts as a clip by its name."""
    return path.suffix.lower() in VIDEO_SUFFIXES
