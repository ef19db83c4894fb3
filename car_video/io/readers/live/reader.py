"""Frames of a camera or stream: always the newest, never a growing lag."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from car_video.errors import SourceError
from car_video.io.readers.base import FrameReader, Kind, Picture, SourceInfo
from car_video.io.readers.decoding.container import pick_video
from car_video.io.readers.decoding.pixels import FrameConverter
from car_video.io.readers.decoding.statements import frame_rate
from car_video.io.readers.live.feed import Feed
from car_video.io.readers.live.options import StreamOptions
from car_video.io.readers.messages import counted
from car_video.io.readers.selection import Selection


class LiveReader(FrameReader):
    """Reads a source that does not wait.

    - A thread decodes; the newest frames wait in a bounded queue, older ones are dropped and
      counted in :attr:`dropped`. ``Frame.index`` counts dropped frames too.
    - ``Frame.time`` counts from the first frame: the stream's own timestamps where it has
      them, else the time of arrival; over reconnections it goes on with the time on the wall.
    - A lost or silent connection is opened again a bounded number of times (see
      :class:`StreamOptions`), then the iteration ends with a notice. A source that fails before
      its first frame is not tried again.

    Args:
        name: what the user called the source, without passwords.
        opener: opens a container; raises :class:`SourceError`. Tests and callers with sources
            of their own may pass any function that returns an ``av`` input container.
        selection: which frames are wanted, times counted from the first frame.
        options: how patient to be.
        kind: ``camera`` or ``stream``.
        ends: whether the regular end of what is sent is the end, not a lost connection.

    Raises:
        SourceError: cannot be opened, or brings no frame.
    """

    def __init__(
        self,
        name: str,
        opener: Callable[[], Any],
        selection: Selection | None = None,
        options: StreamOptions | None = None,
        kind: Kind = "stream",
        ends: bool = False,
    ) -> None:
        super().__init__(selection or Selection())
        self._name = name
        self._kind: Kind = kind
        self._options = options or StreamOptions()
        self._convert = FrameConverter(self._selection)
        self._feed = Feed(opener, self._options, ends)
        stream = pick_video(self._feed.container, name)
        self._fps = frame_rate(stream)
        self._aspect = stream.sample_aspect_ratio
        self._sound = bool(self._feed.container.streams.audio)
        weakref.finalize(self, self._feed.stop)  # also without a call of close
        self._feed.start()
        self._begin()

    @property
    def skipped(self) -> int:
        return self._unloadable + self._feed.missing

    @property
    def dropped(self) -> int:
        return self._feed.newest.dropped

    def tell(self, say: Callable[[str], None]) -> None:
        self._feed.say = lambda message: say(f"{self._name}: {message}")

    def _pictures(self) -> Iterator[Picture]:
        newest, patience = self._feed.newest, self._options.patience()
        while (arrival := newest.get(patience)) is not None:
            yield Picture(arrival.index, arrival.time, partial(self._convert, arrival.frame))
        self._wrap_up()

    def _wrap_up(self) -> None:
        """The feed has given up: say why, and what was lost."""
        if self._feed.error is not None:
            raise self._feed.error
        self.notices.append(f"{self._name}: the end; {self._why()}")
        if self._feed.reconnected:
            self.notices.append(
                f"the connection was opened again {counted(self._feed.reconnected, 'time')}"
            )
        if self.dropped:
            self.notices.append(f"{counted(self.dropped, 'frame')} dropped to keep up")
        if self.skipped:
            self.notices.append(f"{counted(self.skipped, 'frame')} skipped: not decodable")
        if self._feed.clock is not None:
            self.notices += self._feed.clock.notices()

    def _why(self) -> str:
        return self._feed.reason or f"nothing came for {self._options.patience():g} s"

    def _describe(self, width: int, height: int) -> SourceInfo:
        return SourceInfo(
            source=self._name,
            width=width,
            height=height,
            fps=self._fps,
            frames=None,
            duration=None,
            has_audio=self._sound,
            live=True,
            kind=self._kind,
            sample_aspect_ratio=self._convert.aspect(self._aspect),
        )

    def _nothing(self) -> SourceError:
        return SourceError(f"{self._name}: no frame came; {self._why()}")

    def _release(self) -> None:
        self._feed.stop()
