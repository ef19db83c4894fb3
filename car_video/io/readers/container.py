"""Opening media with PyAV: files, addresses, and what to tell people when it fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from av.stream import Disposition

from car_video.errors import SourceError

FILE_FORMATS = ",".join(
    (
        "mov,mp4,matroska,webm,avi,gif,apng,mpegts,mpeg,mpegvideo,flv,asf,ogg,nut,ivf,mxf,dv",
        "h264,hevc,vvc,obu,av1,m4v,mjpeg,yuv4mpegpipe,rm,wtv,vob,nsv,gxf,swf",
        "mp3,aac,ac3,flac,wav",  # sound only: opened, so that we can say so
    )
)
"""Demuxers that may open a local file. Left out on purpose: ``tty`` (draws text files as
video), ``concat`` and playlists (read other files), numbered image patterns."""

STREAM_PROTOCOLS = "http,https,httpproxy,tls,tcp,udp,rtp,rtsp,rtmp,rtmps,rtmpt,srt,crypto,hls"
"""What a network address may lead to; not ``file``, so that a playlist cannot read the disk."""

FILE_TIMEOUT = 60.0
"""Seconds that one read of a local file may block (network drives)."""

MAX_READ_ERRORS = 64
"""A demuxer that fails this often in a row is taken to be at its end."""


def open_file(path: Path) -> Any:
    """Open a local media file.

    Returns:
        An ``av.container.InputContainer``.

    Raises:
        SourceError: missing, a folder, empty, not readable, not a video.
    """
    head = first_bytes(path)
    options = {"format_whitelist": FILE_FORMATS, "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{path}", options=options, timeout=FILE_TIMEOUT)
    except (FFmpegError, ValueError) as error:
        raise SourceError(f"{path}: {_why_not_video(head, error)}") from error


def open_address(address: str, silence: float) -> Any:
    """Open a network address; a read that waits longer than ``silence`` seconds fails.

    Raises:
        SourceError: nobody there, refused, unknown, silent, or not a video.
    """
    options = {"protocol_whitelist": STREAM_PROTOCOLS, "fflags": "nobuffer"}
    if address.startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    try:
        return av.open(address, options=options, timeout=silence)
    except (FFmpegError, ValueError) as error:
        raise SourceError(f"{redact(address)}: {explain(error, silence)}") from error


def pick_video(container: Any, name: str) -> Any:
    """The stream with moving pictures: no cover picture; the default one of several.

    Raises:
        SourceError: there is none, or no decoder for it.
    """
    streams = [s for s in container.streams.video if not _flagged(s, Disposition.attached_pic)]
    if not streams:
        what = "holds sound but no pictures" if container.streams.audio else "holds no pictures"
        raise SourceError(f"{name}: {what}; give a file with a video stream")
    stream = next((s for s in streams if _flagged(s, Disposition.default)), streams[0])
    if stream.codec_context is None:
        raise SourceError(
            f"{name}: no decoder for this kind of video; convert it to H.264 first"
        )
    return stream


def read_packets(
    container: Any, stream: Any, on_error: Callable[[Exception], None] | None = None
) -> Iterator[Any]:
    """Packets of one stream up to the end of the source, past errors in between.

    A damaged container can fail again and again without moving on:
    :data:`MAX_READ_ERRORS` failures in a row are the end.

    Args:
        container: open input container.
        stream: its video stream.
        on_error: told each failure. An error that it raises ends the reading.
    """
    failures = 0
    while failures < MAX_READ_ERRORS:
        try:
            for packet in container.demux(stream):
                failures = 0
                if packet.size:  # an empty one would put the decoder into draining
                    yield packet
            return
        except FFmpegError as error:
            failures += 1
            if on_error is not None:
                on_error(error)


def frame_rate(stream: Any) -> float:
    """Nominal frames per second, 25 where the stream's own statement is missing or absurd."""
    for name in ("average_rate", "guessed_rate", "base_rate"):
        rate = getattr(stream, name, None)
        if rate and 0 < rate <= 1000:
            return float(rate)
    return 25.0


def video_seconds(container: Any, stream: Any) -> float | None:
    """Duration of the pictures in seconds, None where the container does not state it."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tagged = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", ""))
    if tagged:
        hours, minutes, seconds = tagged.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return container.duration / 1e6 if container.duration and container.duration > 0 else None


def redact(address: str) -> str:
    """The address without user name and password."""
    return re.sub(r"(?<=://)[^/@\s]*@", "", address)


def explain(error: Exception, silence: float, doing: str = "cannot be opened") -> str:
    """What a failed network address or camera means, and what to do.

    Args:
        error: from PyAV.
        silence: the time limit in seconds that was set.
        doing: what went wrong, for errors that are not known.
    """
    kind = type(error).__name__
    known = {
        "ConnectionRefusedError": "nobody answers there; check the address and the port",
        "ExitError": f"nothing came for {silence:g} s; check that the source is sending",
        "TimeoutError": f"nothing came for {silence:g} s; check that the source is sending",
        "HTTPNotFoundError": "the server does not know it (404); check the address",
        "HTTPUnauthorizedError": "the server wants a user name and password (401): "
        "scheme://user:password@host/...",
        "HTTPForbiddenError": "the server refuses access (403)",
        "InvalidDataError": "what comes from there is not a video",
        "ProtocolNotFoundError": "this build of PyAV cannot speak that protocol",
        "PermissionError": "no permission to open it",
        "FileNotFoundError": "it is not there",
    }
    reason = getattr(error, "strerror", None) or redact(str(error))
    return known.get(kind, f"{doing} ({reason})")


def first_bytes(path: Path) -> bytes:
    """The first 4 KB of a file.

    Raises:
        SourceError: missing, not a regular file, no permission, empty.
    """
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{path}: not a regular file; give a video, a folder or webcam:0")
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file or folder; check the path") from None
    except PermissionError:
        raise SourceError(f"{path}: no permission to read it; check its owner") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read ({error})") from error
    if not head:
        raise SourceError(f"{path}: the file is empty; copy or download it again")
    return head


def _why_not_video(head: bytes, error: Exception) -> str:
    if head[4:8] == b"ftyp":
        return (
            "the file is cut off or damaged: its index is missing, so no frame can be found; "
            "copy or download it again"
        )
    if _is_text(head):
        return "this is a text file, not a video"
    if isinstance(error, PermissionError):
        return "no permission to read it; check its owner"
    return "not a video that can be read, or too damaged; try to convert it to mp4"


def _is_text(head: bytes) -> bool:
    """Whether this is how a text file begins."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not just a character cut at the end
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)


def _flagged(stream: Any, flag: Disposition) -> bool:
    return bool(stream.disposition & flag)
