"""From packets to decoded frames, past damage, each with its number and timestamp."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import av
from av.error import FFmpegError

from car_video.io.readers.decoding.container import gives_picture
from car_video.io.readers.decoding.frame_numbers import PresentationOrder

MAX_PIXELS = 16384 * 8704
"""Pictures larger than this (16K) are taken for damage."""

THREADED_FROM = 1920 * 1088
"""Pixels above which whole frames are decoded side by side. Below, only slices are: one core
decodes 1280x720 H.264 at about 1,000 frames/s, and frame threads lose good frames when the
last packets of a file are damaged."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A frame that has come out of the decoder.

    Attributes:
        index: its number in the source.
        pts: its timestamp in the stream's time base, None where it has none.
        frame: ``av.VideoFrame``.
    """

    index: int
    pts: int | None
    frame: Any


class Decoder:
    """The decoder of one video stream, which outlives damaged packets.

    Attributes:
        loses_alpha: the stream carries transparency that this build cannot decode.
    """

    def __init__(self, stream: Any) -> None:
        self.loses_alpha = False
        self._own = False
        self._stream = stream
        self._context = stream.codec_context
        if stream.metadata.get("alpha_mode") == "1":
            self._use_alpha_decoder(stream)
        context = self._context
        if not context.is_open:
            context.options = {**(context.options or {}), "max_pixels": str(MAX_PIXELS)}
            pixels = (context.width or 0) * (context.height or 0)
            context.thread_type = "AUTO" if pixels > THREADED_FROM else "SLICE"

    def run(self, packets: Iterable[Any], order: PresentationOrder) -> Iterator[Decoded]:
        """All frames of these packets, in order of presentation, until both end.

        Args:
            packets: from where the decoder stands.
            order: numbers the frames; told of packets and failures.
        """
        for packet in packets:
            if gives_picture(packet, self._stream):
                order.push(packet.pts)
            yield from self._frames(packet, order)
        yield from self._frames(None, order)
        order.finish()

    def reset(self) -> None:
        """Forget everything, after the container has been moved to another place."""
        if self._own and self._context.is_open:
            self._context.flush_buffers()

    def _frames(self, packet: Any, order: PresentationOrder) -> Iterator[Decoded]:
        try:
            frames = self._context.decode(packet)
        except (FFmpegError, ValueError):
            order.failed()
            return
        for frame in frames:
            index, pts = order.pop(frame.pts, frame.interlaced_frame)
            yield Decoded(index, pts, frame)

    def _use_alpha_decoder(self, stream: Any) -> None:
        """libvpx decodes the transparency of WebM; the built-in decoders leave it out."""
        name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(self._context.name)
        try:
            context = av.CodecContext.create(name, "r")
        except (FFmpegError, ValueError, TypeError):
            self.loses_alpha = True
            return
        context.extradata = self._context.extradata
        self._context, self._own = context, True
