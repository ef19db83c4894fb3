"""The sound of a source file, cut to the pictures that were processed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from car_video.io.containers import open_input

_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
_LONGEST_PAUSE = 60.0  # seconds of silence that are believed after the last picture
_SLACK = 0.1  # seconds by which timestamps may wander before sound is cut or silence put in


class UndecodableError(Exception):
    """A piece of the sound cannot be decoded."""


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
        self._start = 0.0
        self._target: _Target | None = None
        self._packets: Iterator[Any] | None = None
        self._held: Any = None

    def attach(self, container: Any) -> None:
        """Add the audio stream to an output container, before anything is written to it."""
        copied = self._input.codec_context.name == "aac"
        self._target = (_Copy if copied else _Recode)(self._input, container)

    def begin(self, start: float) -> None:
        """Say at which picture time, in seconds, the written file has its 0."""
        self._start = start
        if start > 5.0:  # no need to read through what is cut away
            target = int((start + self._origin - 2.0) / self._input.time_base)
            with contextlib.suppress(av.FFmpegError):  # then it is read through
                self._source.seek(target, stream=self._input, backward=True)
        self._packets = self._source.demux(self._input)

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
        last: float | None = None
        while (packet := self._packet(math.inf)) is not None:
            time = self._time_of(packet)
            if last is not None and time - last > _LONGEST_PAUSE:
                break
            last = time
            self._take(packet)
        self._target.flush(math.inf)

    def _packet(self, until: float) -> Any:
        """The next packet before a picture time; None where there is none."""
        packet, self._held = self._held, None
        while packet is None or packet.pts is None:
            packet = self._next()
            if packet is None:
                return None
        if self._time_of(packet) < until:
            return packet
        self._held = packet
        return None

    def _time_of(self, packet: Any) -> float:
        """Of a packet, in seconds of picture time."""
        return float(packet.pts * packet.time_base) - self._origin

    def _take(self, packet: Any) -> None:
        assert self._target is not None
        try:
            self._target.take(packet, self._time_of(packet) - self._start)
        except UndecodableError:
            self.notice = "some of the sound is damaged and silent"

    def close(self) -> None:
        """Write what the encoder still holds and let go of the source."""
        target, self._target, self._packets = self._target, None, None
        try:
            if target is not None:
                target.close()
        finally:
            self._source.close()

    def _next(self) -> Any:
        """The next packet, or None at the end (also an early one, which leaves a notice)."""
        if self._packets is None:
            return None
        try:
            return next(self._packets, None)
        except (av.FFmpegError, OSError) as error:
            self._packets = None
            self.notice = f"the sound ends early, the source cannot be read: {error.strerror}"
            return None


class _Target(Protocol):
    """Times are seconds on the clock of the written file."""

    def take(self, packet: Any, time: float) -> None: ...

    def flush(self, until: float) -> None: ...

    def close(self) -> None: ...


class _Copy:
    """Packets as they are, moved in time."""

    def __init__(self, stream: Any, container: Any) -> None:
        self._container = container
        self._output = container.add_stream_from_template(stream)
        self._last = -1

    def take(self, packet: Any, time: float) -> None:
        if time < -1e-6 or packet.size == 0:  # before the cut
            return
        pts = round(time / packet.time_base)
        if pts <= self._last:  # the clock of the source has jumped back
            raise UndecodableError
        packet.pts = packet.dts = self._last = pts  # sound is never reordered
        packet.stream = self._output
        try:
            self._container.mux(packet)
        except av.error.InvalidDataError as error:  # its header is damaged
            raise UndecodableError from error

    def flush(self, until: float) -> None:
        pass

    def close(self) -> None:
        pass


class _Recode:
    """Decoded, placed on the time line by the sample, encoded as AAC."""

    def __init__(self, stream: Any, container: Any) -> None:
        self._container = container
        self._rate = stream.rate if stream.rate in _AAC_RATES else 48000
        self._layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        self._output = container.add_stream("aac", rate=self._rate)
        self._output.layout = self._layout
        self._output.bit_rate = 96_000 if self._layout == "mono" else 160_000
        self._form = ("", "", 0)  # of the frames that the resampler takes
        self._resampler: Any = None
        self._done = 0  # samples given to the encoder
        self._pending = np.zeros((1 if self._layout == "mono" else 2, 0), np.float32)

    def take(self, packet: Any, time: float) -> None:
        shift = time - float(packet.pts * packet.time_base)
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            raise UndecodableError from error
        for frame in frames:
            if frame.time is not None:  # decoders may give a frame later than its packet
                time = frame.time + shift
            for piece in self._resampled(frame):
                samples = piece.to_ndarray()
                self._place(samples, round(time * self._rate))
                time += samples.shape[1] / self._rate

    def _resampled(self, frame: Any) -> list[Any]:
        """The frame as the encoder wants it; a stream may change its rate and channels."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            self._resampler = av.AudioResampler("fltp", self._layout, self._rate)
            self._form = form
        try:
            return list(self._resampler.resample(frame))
        except (av.FFmpegError, ValueError) as error:
            raise UndecodableError from error

    def flush(self, until: float) -> None:
        """Encode what lies before ``until`` and keep the rest."""
        ends = until * self._rate - self._done
        count = round(min(max(ends, 0), self._pending.shape[1]))
        self._encode(self._pending[:, :count])
        self._pending = self._pending[:, count:]

    def close(self) -> None:
        if self._done:
            self._container.mux(self._output.encode(None))

    def _place(self, samples: NDArray[np.float32], place: int) -> None:
        """Append samples that belong at ``place``, cutting or bridging what does not meet."""
        at = self._done + self._pending.shape[1]
        slack = _SLACK * self._rate if at else 0
        if place < at - slack:
            samples = samples[:, at - place :]
        elif place > at + slack:
            self._encode(self._pending)
            self._pending = self._pending[:, :0]
            while place > self._done:  # silence, by the second: a gap may be hours
                length = min(place - self._done, self._rate)
                self._encode(np.zeros((samples.shape[0], length), np.float32))
        self._pending = np.concatenate([self._pending, samples], axis=1)

    def _encode(self, samples: NDArray[np.float32]) -> None:
        if samples.shape[1] == 0:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self._layout)
        frame.sample_rate, frame.pts = self._rate, self._done
        self._done += samples.shape[1]
        self._container.mux(self._output.encode(frame))


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
