"""Pictures in HEIF containers (HEIC of phones), with or without ``pillow-heif``.

FFmpeg decodes the coded images of such a file one by one. A phone's photo is a grid of tiles
that have to be put together; that is what ``pillow-heif`` is for (the extra ``heic``).
"""

from __future__ import annotations

from pathlib import Path

from av.error import FFmpegError

from car_video.errors import SourceError
from car_video.io.readers.base import Loaded, RefusedError, UndecodableError
from car_video.io.readers.decoding.container import open_file, pick_video
from car_video.io.readers.decoding.pixels import FrameConverter
from car_video.io.readers.messages import first_bytes
from car_video.io.readers.selection import Selection

STILL_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avif"})
SEQUENCE_BRANDS = frozenset({b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"})
"""Major brands of pictures and of moving pictures (ISO/IEC 23008-12, annex B and 10.4)."""


def brand(path: Path) -> bytes:
    """The major brand of an ISO container, empty where a file is none.

    Raises:
        SourceError: the file cannot be read.
    """
    head = first_bytes(path)
    return head[8:12] if head[4:8] == b"ftyp" else b""


def is_heif(path: Path) -> bool:
    """Whether a file is a HEIF container of still pictures. Raises SourceError."""
    return brand(path) in STILL_BRANDS


def use_pillow_heif() -> bool:
    """Let Pillow read HEIC where ``pillow-heif`` is installed; says whether it is."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def load_heif(path: Path, selection: Selection) -> Loaded:
    """The main picture of a HEIF file by FFmpeg, upright.

    Raises:
        RefusedError: it is a grid of tiles.
        UndecodableError: it is damaged.
    """
    try:
        with open_file(path) as container:
            stream = pick_video(container, "")
            for frame in container.decode(stream):
                return FrameConverter(selection)(frame)
    except SourceError as error:
        raise RefusedError(str(error).removeprefix(": ")) from error
    except FFmpegError as error:
        raise UndecodableError(f"{path}: {error}") from error
    raise UndecodableError(f"{path}: no picture")
