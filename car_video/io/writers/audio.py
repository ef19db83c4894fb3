"""The sound of a source file, cut to the pictures that were processed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from car_video.io.containers import open_input
from car_video.io.writers.audio_encoding import (
    AudioTarget,
    CopiedAudio,
    RecodedAudio,
    UndecodableError,
)

_LONGEST_PAUSE = 60.0  # seconds of silence that are believed after the last picture
_JUMP = 1.0  # seconds to the next packet from which on its time is held against the one after
_DAMAGED = "some of the sound is damaged and silent"


class AudioTrack:
    """Feeds the sound of a file to a container that is being written.

    Of several streams of sound the default one is taken, else the first.

    AAC is copied packet by packet (the cut is exact to one packet, about 20 ms, and what
    is kept is never out of step); every other codec is decoded and becomes AAC,
    cut to the sample. Sound that cannot be read or decoded leaves silence and a notice.

    Args:
        path: the source file.
        origin: time on its clock, in seconds, that pictures call 0; None means the first
            picture of its video stream.

    Attributes:
        notice: what went wrong, one line; empty while all is well.

    Raises:
        ValueError: the file has no sound. :func:`open_audio` asks first.
        OSError: the file cannot be read.
    """

    def __init__(self, path: str | Path, origin: float | None = None) -> None:
        self.notice = ""
        self._source: Any = open_input(path)
        streams = [s for s in self._source.streams.audio if s.codec_context is not None]
        if not streams:
            self._source.close()
            raise ValueError(f"{path} has no sound")
        default = (s for s in streams if s.disposition & Disposition.default)
        self._input = next(default, streams[0])
        self._origin = _video_start(self._source) if origin is None else origin
        self._start = self._heard = 0.0
        self._target: AudioTarget | None = None
        self._packets: Iterator[Any] | None = None
        self._held: Any = None

    def attach(self, container: Any) -> None:
        """Add the audio stream to an output container, before anything is written to it."""
        copied = self._input.codec_context.name == "aac"
        self._target = (CopiedAudio if copied else RecodedAudio)(self._input, container)

    def begin(self, start: float) -> None:
        """Say at which picture time, in seconds, the written file has its 0."""
        self._start = self._heard = start
        if start > 5.0:  # no need to read through what is cut away
            target = int((start + self._origin - 2.0) / self._input.time_base)
            with contextlib.suppress(av.FFmpegError):  # then it is read through
                self._source.seek(target, stream=self._input, backward=True)
        self._packets = self._believable(self._source.demux(self._input))

    def pump(self, until: float) -> None:
        """Write sound up to ``until``, a picture time in seconds."""
        if self._target is None:
            return
        while (packet := self._packet(until)) is not None:
            self._take(packet)
        self._target.flush(until - self._start)

    def pump_rest(self) -> None:
        """Write all sound that is left, up to a pause that only a torn clock can have."""
        if self._target is None:
            return
        while (packet := self._packet(math.inf)) is not None:
            if self._time_of(packet) - self._heard > _LONGEST_PAUSE:
                break
            self._take(packet)
        self._target.flush(math.inf)

    def _packet(self, until: float) -> Any:
        """The next packet before a picture time; None where there is none."""
        packet, self._held = self._held, None
        if packet is None and self._packets is not None:
            packet = next(self._packets, None)
        if packet is None or self._time_of(packet) < until:
            return packet
        self._held = packet
        return None

    def _believable(self, packets: Iterator[Any]) -> Iterator[Any]:
        """Packets in order, without those whose time alone lies far ahead: it is damaged."""
        last, ahead = -math.inf, None
        while (packet := self._next(packets)) is not None:
            if packet.pts is None:
                continue
            time = self._time_of(packet)
            if ahead is not None:
                if time < self._time_of(ahead):
                    self.notice = _DAMAGED
                else:
                    yield ahead
                    last = self._time_of(ahead)
                ahead = None
            if time - last > _JUMP and last > -math.inf:
                ahead = packet
                continue
            last = time
            yield packet
        if ahead is not None:
            yield ahead

    def _time_of(self, packet: Any) -> float:
        """Of a packet, in seconds of picture time."""
        return float(packet.pts * packet.time_base) - self._origin

    def _take(self, packet: Any) -> None:
        assert self._target is not None
        self._heard = self._time_of(packet)
        try:
            self._target.take(packet, self._heard - self._start)
        except UndecodableError:
            self.notice = _DAMAGED

    def close(self) -> None:
        """Write what the encoder still holds and let go of the source."""
        target, self._target, self._packets = self._target, None, None
        try:
            if target is not None:
                target.close()
        finally:
            self._source.close()

    def _next(self, packets: Iterator[Any]) -> Any:
        """The next packet, or None at the end (also an early one, which leaves a notice)."""
        try:
            return next(packets, None)
        except (av.FFmpegError, OSError) as error:
            self.notice = f"the sound ends early, the source cannot be read: {error.strerror}"
            return None


def open_audio(path: str | Path, origin: float | None = None) -> AudioTrack | None:
    """The sound of a file, or None where it has none that can be read."""
    try:
        return AudioTrack(path, origin)
    except (ValueError, OSError, av.FFmpegError):
        return None


def _video_start(source: Any) -> float:
    """Time of the first picture on the file's clock, in seconds."""
    for stream in source.streams.video:
        if stream.start_time is not None:
            return float(stream.start_time * stream.time_base)
    return float(source.start_time or 0) / av.time_base
