"""A live source read in a thread of its own, connected again when it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from av.error import BlockingIOError as NotYetError
from av.error import FFmpegError, InvalidDataError

from car_video.errors import SourceError
from car_video.io.readers.decoding.clock import Clock
from car_video.io.readers.decoding.container import (
    MAX_READ_ERRORS,
    pick_video,
)
from car_video.io.readers.decoding.decoder import Decoder
from car_video.io.readers.decoding.frame_numbers import PresentationOrder
from car_video.io.readers.decoding.statements import frame_rate
from car_video.io.readers.live.newest_frames import Arrival, Newest
from car_video.io.readers.live.options import StreamOptions
from car_video.io.readers.messages import explain


class SilentError(Exception):
    """A connection is open and brings nothing that can be decoded."""


class Feed:
    """Connects, decodes, reconnects, in a daemon thread, until it has to give up.

    Args:
        opener: opens a container; raises :class:`SourceError`.
        options: how patient to be.
        ends: whether the regular end of what is sent is the end (http), not a lost connection.

    Attributes:
        newest: the frames.
        reconnected: how often a lost connection came back.
        reason: why the last connection ended, for people.
        error: an unexpected failure of the thread; the owner must raise it.
        clock: times of the frames; None before the first connection.
        say: told what is wrong while it is, one line each, from the feed's thread.
    """

    def __init__(
        self, opener: Callable[[], Any], options: StreamOptions, ends: bool = False
    ) -> None:
        self.newest = Newest(options.queue)
        self.reconnected = 0
        self.reason = ""
        self.error: Exception | None = None
        self.clock: Clock | None = None
        self.say: Callable[[str], None] = _silent
        self._opener = opener
        self._options = options
        self._ends = ends
        self._count = 0
        self._missing = 0
        self._order = PresentationOrder()
        self._began: float | None = None
        self._alive = 0.0
        self._broken: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="car-video-feed")
        self.container = opener()

    @property
    def missing(self) -> int:
        """Packets that gave no frame so far."""
        return self._missing + self._order.missing

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end. One that blocks in a read ends when that read times out."""
        self._stop.set()
        self.newest.close()
        if self._thread.is_alive():
            self._thread.join(timeout=0.5)

    def _run(self) -> None:
        try:
            container, tries = self.container, self._options.reconnects
            while container is not None:
                opened = time.monotonic()
                lost = self._drain(container)
                if not lost or self._stop.is_set() or not self._count:
                    break
                if time.monotonic() - opened >= self._options.steady:
                    tries = self._options.reconnects
                container, tries = self._connect_again(tries)
        except Exception as error:
            self.error = error
        finally:
            self.newest.close()

    def _connect_again(self, tries: int) -> tuple[Any, int]:
        """A new container, or None, and how many tries are left."""
        again = ""
        while tries > 0:
            wait = self._options.backoff * 2 ** (self._options.reconnects - tries)
            tries -= 1
            number, most = self._options.reconnects - tries, self._options.reconnects
            self.say(
                f"{again or self.reason}; connecting again in {wait:g} s ({number} of {most})"
            )
            if self._stop.wait(wait):
                break
            try:
                container = self._opener()
            except SourceError as error:
                again = _without_name(error)
                continue
            self.reconnected += 1
            self.say("connected again")
            return container, tries
        if again:
            self.reason += f"; connecting again failed: {again}"
        return None, 0

    def _drain(self, container: Any) -> bool:
        """Pass on what the open container brings; True when the connection was lost."""
        try:
            self._decode(container)
            self.reason = "the stream ended"
            return not self._ends
        except SilentError:
            self.reason = f"nothing came for {self._options.silence:g} s"
        except FFmpegError as error:
            self.reason = explain(error, self._options.silence, "the connection broke")
        except SourceError as error:
            self.reason = _without_name(error)
        finally:
            container.close()
        return True

    def _decode(self, container: Any) -> None:
        stream = pick_video(container, "stream")
        self._missing, self._order = self.missing, PresentationOrder()
        clock = self.clock = self.clock or Clock(1 / frame_rate(stream))
        clock.reconnected()
        # JPEG after JPEG is numbered by an assumed rate: the time of arrival says more.
        scale = None if "jpeg" in container.format.name else stream.time_base
        self._alive = time.monotonic()
        for decoded in Decoder(stream).run(self._packets(container, stream), self._order):
            self._alive = now = time.monotonic()
            if self._began is None:
                self._began = now
            raw = None
            if decoded.pts is not None and scale is not None:
                raw = float(decoded.pts * scale)
            when = clock.time(raw, now - self._began)
            self.newest.put(Arrival(self._count, when, decoded.frame))
            self._count += 1
        if self._broken is not None:
            raise self._broken

    def _packets(self, container: Any, stream: Any) -> Iterator[Any]:
        """Packets of the video stream up to its end or its break.

        Those of other streams are read too, so that sound without pictures counts as silence.
        A break is kept for later: first the decoder shall give out what it still holds.
        """
        failures = 0
        self._broken = None
        while not self._is_silent():
            try:
                for packet in container.demux():
                    if self._is_silent():
                        break
                    if packet.stream_index == stream.index and packet.size:
                        failures = 0
                        yield packet
                else:
                    return
            except NotYetError:  # avfoundation has no frame at the moment
                time.sleep(0.005)
            except IndexError:  # PyAV 18.1 at the end, where streams turned up late
                return
            except FFmpegError as error:
                failures += 1
                if not isinstance(error, InvalidDataError) or failures > MAX_READ_ERRORS:
                    self._broken = error
                    return
        self._broken = SilentError()

    def _is_silent(self) -> bool:
        """Whether the connection is to be given up for want of frames."""
        waited = time.monotonic() - self._alive
        return self._stop.is_set() or waited > self._options.silence


def _silent(message: str) -> None:
    """Reports go nowhere until an owner asks for them."""


def _without_name(error: SourceError) -> str:
    """The message of an opener's error after ``name: ``."""
    return str(error).rpartition(": ")[2]
