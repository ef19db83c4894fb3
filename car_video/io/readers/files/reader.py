"""Frames of a media file, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from car_video.errors import SourceError
from car_video.io.readers.base import FrameReader, Kind, Picture, SourceInfo
from car_video.io.readers.decoding.completeness import is_whole
from car_video.io.readers.decoding.cursor import Cursor
from car_video.io.readers.decoding.decoder import MAX_PIXELS, Decoded
from car_video.io.readers.decoding.packet_index import clock_of
from car_video.io.readers.decoding.pixels import FrameConverter
from car_video.io.readers.decoding.statements import frame_rate, video_seconds
from car_video.io.readers.messages import counted
from car_video.io.readers.selection import TIME_TOLERANCE, Selection


class VideoFileReader(FrameReader):
    """Reads mp4, mov, mkv, webm, avi, gif and what else FFmpeg opens.

    - ``Frame.index`` is the rank of the frame's timestamp in the file; a frame that cannot be
      decoded leaves a gap; one that is cut away at the end of the file leaves none, though
      later ones may be left (B-frames). Where the file's timestamps cannot carry this, decoded
      frames are counted. All this is the same with and without ``start``.
    - ``Frame.time`` is the real timestamp, counted from the first frame; see
      :class:`~car_video.io.readers.decoding.clock.Clock` for what happens to torn timestamps.
    - ``start`` is reached over the nearest keyframe where the timestamps allow it, else by
      decoding from the beginning.

    Args:
        name: what the user called the source.
        reopen: opens the container, perhaps several times.
        selection: which frames are wanted.
        kind: what :class:`SourceInfo` says.
        seekable: False where reading ahead is dear (network).

    Raises:
        SourceError: not readable, no video stream, no frame that can be decoded.
    """

    def __init__(
        self,
        name: str,
        reopen: Callable[[], Any],
        selection: Selection,
        kind: Kind = "file",
        seekable: bool = True,
    ) -> None:
        super().__init__(selection)
        self._name = name
        self._kind: Kind = kind
        self._seekable = seekable
        self._cursor = Cursor(reopen, name)
        self._convert = FrameConverter(selection)
        stream, container = self._cursor.stream, self._cursor.container
        self._period = 1 / frame_rate(stream)
        self._seconds = video_seconds(container, stream)
        self._expected = self._count()
        self._clock = clock_of(container, stream)
        self._seen = 0
        self._ends_at = 0.0
        self._damaged = 0
        self._begin()

    @property
    def skipped(self) -> int:
        return self._unloadable + self._cursor.order.missing

    def _pictures(self) -> Iterator[Picture]:
        held: tuple[Decoded, float] | None = None  # how long it lasts, the next one tells
        for decoded in self._walk():
            self._seen += 1
            self._damaged += bool(decoded.frame.is_corrupt)
            time = self._clock.time(self._seconds_of(decoded.pts))
            if held is not None:
                yield self._picture(*held, time - held[1])
            held = decoded, time
        if held is not None:
            duration = self._last_duration(*held)
            self._ends_at = held[1] + (duration or self._period)
            yield self._picture(*held, duration)
        self._wrap_up()

    def _picture(self, decoded: Decoded, time: float, duration: float | None) -> Picture:
        load = partial(self._convert, decoded.frame)
        return Picture(decoded.index, time, load, duration=duration)

    def _last_duration(self, decoded: Decoded, time: float) -> float | None:
        """Seconds that the last picture of the file is shown, as far as the file says so."""
        base = self._cursor.stream.time_base
        end = self._cursor.end.pts
        duration = None
        if end is not None and decoded.pts is not None and end > decoded.pts:
            duration = float((end - decoded.pts) * base)
        elif decoded.frame.duration:
            duration = float(decoded.frame.duration * base)
        stated = (self._seconds or 0.0) - time
        return stated if stated > (duration or 0.0) and self._is_whole() else duration

    def _walk(self) -> Iterator[Decoded]:
        start = self._selection.start or 0.0
        if start > 0 and self._seekable:
            index = self._cursor.index(until=start)
            later = (index.times >= start - TIME_TOLERANCE).nonzero()[0]
            if index.sound and later.size:
                return self._cursor.near(index, int(index.pts[later[0]]))
            if index.sound:
                self._seen, self._ends_at = (
                    len(index.times),
                    float(index.times[-1]) + self._period,
                )
                return iter(())
        return self._cursor.from_start()

    def _seconds_of(self, pts: int | None) -> float | None:
        origin = self._cursor.order.origin
        if pts is None or origin is None:
            return None
        return float((pts - origin) * self._cursor.stream.time_base)

    def _count(self) -> int | None:
        """About how many frames the file has."""
        stated = self._cursor.stream.frames
        if stated > 0:
            return int(stated)
        return round(self._seconds / self._period) if self._seconds else None

    def _wrap_up(self) -> None:
        """The file has been read to its end: say what was odd."""
        if self.skipped:
            self.notices.append(f"{counted(self.skipped, 'frame')} skipped: not decodable")
        if self._damaged:
            self.notices.append(
                f"{counted(self._damaged, 'frame')} shown as decoded, though damaged"
            )
        if self._cursor.decoder.loses_alpha:
            self.notices.append("the transparency of this video cannot be read and is left out")
        self.notices += self._clock.notices()
        if self._is_cut_off():
            expected = self._expected or round((self._seconds or 0.0) / self._period)
            of = f" of about {expected}" if expected else ""
            self.notices.append(
                f"file ends early: {self._cursor.order.seen}{of} frames could be read"
            )

    def _is_cut_off(self) -> bool:
        """Whether neither the pictures nor the sound reach the end that the file states."""
        if not self._seconds:
            return self._is_whole() is False
        nearly = 0.98 * self._seconds - 0.5
        if self._ends_at >= nearly:
            return False
        return not self._seekable or self._cursor.last_packet_end() < nearly

    def _is_whole(self) -> bool | None:
        return is_whole(self._cursor.container)

    def _describe(self, width: int, height: int) -> SourceInfo:
        return SourceInfo(
            source=self._name,
            width=width,
            height=height,
            fps=1 / self._period,
            frames=self._expected,
            duration=self._seconds,
            has_audio=bool(self._cursor.container.streams.audio),
            live=False,
            kind=self._kind,
            origin=self._origin(),
            sample_aspect_ratio=self._convert.aspect(self._cursor.stream.sample_aspect_ratio),
        )

    def _origin(self) -> float | None:
        pts = self._cursor.order.origin
        return None if pts is None else float(pts * self._cursor.stream.time_base)

    def _nothing(self) -> SourceError:
        stream = self._cursor.stream
        if not self._seen and stream.width * stream.height > MAX_PIXELS:
            return SourceError(
                f"{self._name}: pictures of {stream.width} x {stream.height} are too large; "
                "scale the video down first"
            )
        if not self._seen:
            return SourceError(f"{self._name}: no frame in it can be decoded; empty or damaged")
        if self._selection.start:
            return SourceError(
                f"{self._name}: no frame from {self._selection.start:g} s on; "
                f"it ends at {self._ends_at:.1f} s"
            )
        return SourceError(f"{self._name}: none of its {self._seen} frames can be shown")

    def _release(self) -> None:
        self._cursor.close()
