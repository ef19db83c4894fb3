"""How sound gets into a written file: packet by packet as it is, or encoded anew."""

from __future__ import annotations

from typing import Any, Protocol

import av
import numpy as np
from numpy.typing import NDArray

_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
_SLACK = 0.1  # seconds by which timestamps may wander before sound is cut or silence put in


class UndecodableError(Exception):
    """A piece of the sound cannot be decoded."""


class AudioTarget(Protocol):
    """Writes sound into a file. Times are seconds on that file's clock."""

    def take(self, packet: Any, time: float) -> None:
        """Take a packet of the source. Raises UndecodableError where it is damaged."""
        ...

    def flush(self, until: float) -> None:
        """Write what lies before a time."""
        ...

    def close(self) -> None:
        """Write what the encoder still holds."""
        ...


class CopiedAudio:
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


class RecodedAudio:
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
