"""Opening media with PyAV, and reading packets past damage."""

from __future__ import annotations

import re
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
        SourceError: nobody there, refused, unknown, silent, or not a video.
    """
    options = {"protocol_whitelist": STREAM_PROTOCOLS}
    if address.startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    try:
        return open_source(address, silence, options)
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
        except IndexError:  # PyAV 18.1 at the end of a source in which streams turned up late
            return


def gives_picture(packet: Any, stream: Any) -> bool:
    """Whether a packet is meant to be seen: not cut away by an edit list, and not one of VP8's
    hidden reference frames (RFC 6386, 9.1: bit 4 of a frame is ``show_frame``)."""
    if packet.is_discard:
        return False
    return stream.codec_context.name != "vp8" or bool(memoryview(packet)[0] & 0x10)


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


def _flagged(stream: Any, flag: Disposition) -> bool:
    return bool(stream.disposition & flag)
