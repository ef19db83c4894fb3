"""Opening media containers with PyAV: the one place of the project that does.

FFmpeg takes names apart before it looks for a file: ``12:30 trip.mp4`` would be a protocol
``12``, ``-`` standard input. Here a path is always a file. Metadata need not be UTF-8: what
is not becomes replacement characters (old AVI files, PyAV issue 1107).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import av

FILE_FORMATS = ",".join(
    (
        "mov,mp4,matroska,webm,avi,gif,apng,mpegts,mpeg,mpegvideo,flv,asf,ogg,nut,ivf,mxf,dv",
        "h264,hevc,vvc,obu,av1,m4v,mjpeg,yuv4mpegpipe,rm,wtv,vob,nsv,gxf,swf",
        "mp3,aac,ac3,flac,wav",  # sound only: opened, so that we can say so
    )
)
"""Demuxers that may open a local file. Left out on purpose: ``tty`` (draws text files as
video), ``concat`` and playlists (read other files), numbered image patterns."""

FILE_TIMEOUT = 60.0
"""Seconds that one read of a local file may block (network drives)."""

METADATA_ERRORS = "replace"
"""How metadata that is not UTF-8 is decoded, as in :meth:`bytes.decode`."""


class Writable(Protocol):
    """What a container can be written to instead of a file."""

    def write(self, data: bytes, /) -> int: ...


def file_address(path: str | os.PathLike[str]) -> str:
    """A path as an address that FFmpeg reads as a file, whatever characters are in it.

    Example:
        >>> file_address("/videos/12:30 trip.mp4")
        'file:/videos/12:30 trip.mp4'
    """
    return f"file:{Path(path).absolute()}"


def open_input(path: str | os.PathLike[str], *, timeout: float = FILE_TIMEOUT) -> Any:
    """Open a local media file for reading.

    Args:
        path: of the file; symbolic links are followed.
        timeout: seconds that one read may block.

    Returns:
        An ``av.container.InputContainer``.

    Raises:
        av.FFmpegError: missing, not readable, not a container of :data:`FILE_FORMATS`.
        ValueError: a path that no file can have (a null byte in it).
    """
    options = {"format_whitelist": FILE_FORMATS, "protocol_whitelist": "file"}
    return open_source(file_address(path), timeout, options)


def open_source(
    address: str, timeout: float, options: Mapping[str, str], format: str | None = None
) -> Any:
    """Open an address in FFmpeg's own words: a stream or a capture device.

    Args:
        address: as FFmpeg wants it.
        timeout: seconds that one read may block.
        options: of the container and its protocol.
        format: of the container; found out where None.

    Returns:
        An ``av.container.InputContainer``.

    Raises:
        av.FFmpegError: it cannot be opened.
        ValueError: this build of FFmpeg does not know the format.
    """
    return av.open(
        address,
        format=format,
        container_options=dict(options),
        metadata_errors=METADATA_ERRORS,
        timeout=timeout,
    )


def open_output(
    target: str | os.PathLike[str] | Writable,
    *,
    format: str,
    options: Mapping[str, str] | None = None,
) -> Any:
    """Open a media container for writing.

    Args:
        target: path of the file, or something that bytes can be written to.
        format: of the container; names are not asked for it.
        options: of the container.

    Returns:
        An ``av.container.OutputContainer``.

    Raises:
        av.FFmpegError: the file cannot be made.
        ValueError: this build of FFmpeg does not know the format.
    """
    file = file_address(target) if isinstance(target, str | os.PathLike) else target
    return av.open(file, "w", format=format, container_options=dict(options or {}))
