"""Opening media with PyAV, and reading packets past damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from av.error import FFmpegError
from av.stream import Disposition

from car_video.errors import SourceError
from car_video.io.containers import open_input, open_source
from car_video.io.readers.messages import explain, first_bytes, redact, why_not_video

STREAM_PROTOCOLS = "http,https,httpproxy,tls,tcp,udp,rtp,rtsp,rtmp,rtmps,rtmpt,srt,crypto,hls"
"""What a network address may lead to; not ``file``, so that a playlist cannot read the disk."""

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
    try:
        return open_input(path)
    except (FFmpegError, ValueError) as error:
        raise SourceError(f"{path}: {why_not_video(head, error)}") from error


def open_address(address: str, silence: float) -> Any:
    """Open a network address; a read that waits longer than ``silence`` seconds fails.

    Raises:
        SourceError: no answer, refused, unknown, silent, or not a video.
    """
    options = {"protocol_whitelist": STREAM_PROTOCOLS}
    if address.startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    try:
        return open_source(_without_suffix(address), silence, options)
    except (FFmpegError, ValueError) as error:
        raise SourceError(f"{redact(address)}: {explain(error, silence)}") from error


def _without_suffix(address: str) -> str:
    """The same http address without a dot in its query.

    FFmpeg takes what follows the last dot for the suffix of a file: ``clip.mp4?poster=a.png``
    would be a picture. ``%2E`` means the same to the server.
    """
    place, mark, query = address.partition("?")
    if not address.lower().startswith("http"):
        return address
    return place + mark + query.replace(".", "%2E")


def pick_video(container: Any, name: str) -> Any:
    """The stream with moving pictures: no cover picture; the default one of several.

    Raises:
        SourceError: there is none, no decoder for it, or only tiles of a picture.
    """
    streams = [s for s in container.streams.video if not _flagged(s, Disposition.attached_pic)]
    if not streams:
        what = "holds sound but no pictures" if container.streams.audio else "holds no pictures"
        raise SourceError(f"{name}: {what}; give a file with a video stream")
    stream = next((s for s in streams if _flagged(s, Disposition.default)), streams[0])
    if any(_flagged(s, Disposition.dependent) for s in streams) and (
        _flagged(stream, Disposition.dependent) or not _flagged(stream, Disposition.default)
    ):
        raise SourceError(
            f"{name}: this photo is stored in tiles (HEIC); pip install 'car-video[heic]', or "
            "save it as JPEG or PNG"
        )
    if stream.codec_context is None:
        raise SourceError(
            f"{name}: no decoder for this kind of video; convert it to H.264 first"
        )
    return stream


def read_packets(
    container: Any, stream: Any, on_error: Callable[[Exception], None] | None = None
) -> Iterator[Any]:
    """Packets of one stream or of several to the end of the source, past errors in between.

    A damaged container can fail again and again without moving on:
    :data:`MAX_READ_ERRORS` failures in a row are the end.

    Args:
        container: open input container.
        stream: its video stream, or a list of its streams.
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
        except IndexError:  # PyAV 18.1 at the end of a source in which streams turned up late
            return


def gives_picture(packet: Any, stream: Any) -> bool:
    """Whether a packet is meant to be seen: not cut away by an edit list, and not one of VP8's
    hidden reference frames (RFC 6386, 9.1: bit 4 of a frame is ``show_frame``)."""
    if packet.is_discard:
        return False
    return stream.codec_context.name != "vp8" or bool(memoryview(packet)[0] & 0x10)


def _flagged(stream: Any, flag: Disposition) -> bool:
    return bool(stream.disposition & flag)
