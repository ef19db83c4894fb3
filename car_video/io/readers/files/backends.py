"""Ways to reach the n-th frame of a source."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from car_video.io.readers.base import FrameReader, Loaded, UndecodableError
from car_video.io.readers.decoding.cursor import Cursor
from car_video.io.readers.decoding.decoder import Decoded
from car_video.io.readers.decoding.packet_index import PacketIndex, clock_of
from car_video.io.readers.decoding.pixels import FrameConverter
from car_video.io.readers.images.stills import load_still
from car_video.io.readers.selection import Selection


class Backend(Protocol):
    """A numbered set of frames.

    Attributes:
        times: float64 [N]: seconds from the start of the source, one per frame.
        end: seconds at which the last frame ends, None where that is not known.
    """

    times: NDArray[np.float64]
    end: float | None

    def load(self, index: int) -> Loaded:
        """The frame's pixels and its own upright size.

        Raises:
            UndecodableError: this frame is damaged.
        """
        ...

    def name(self, index: int) -> str:
        """As :attr:`car_video.types.Frame.name`."""
        ...

    def close(self) -> None: ...


PROBED_FRAMES = 4
"""Frames decoded on opening, to see whether packets and frames go together."""


KEPT_BYTES = 256 * 2**20
"""Memory for decoded frames (YUV, before conversion). Reaching a frame means decoding all from
its keyframe on; kept, they make walking backwards one decode per stretch, not per frame."""


class ImageBackend:
    """Image files, one per frame."""

    def __init__(self, paths: list[Path], selection: Selection, fps: float) -> None:
        self.times = np.arange(len(paths)) / fps
        self.end: float | None = len(paths) / fps
        self._paths = paths
        self._selection = selection

    def load(self, index: int) -> Loaded:
        return load_still(self._paths[index], self._selection).picture

    def name(self, index: int) -> str:
        return self._paths[index].name

    def close(self) -> None:
        """Nothing stays open between images."""


class StoredBackend:
    """The frames of a reader, all held in memory (animated images are small)."""

    def __init__(self, reader: FrameReader) -> None:
        with reader:
            self._frames = {frame.index: frame for frame in reader}
            self._size = (reader.info.width, reader.info.height)
        count = max(self._frames) + 1
        last = self._frames[count - 1]
        self.end = None if last.duration is None else last.time + last.duration
        self.times = np.zeros(count)
        for index in range(count):
            known = self._frames.get(index)
            self.times[index] = known.time if known else self.times[index - 1]

    def load(self, index: int) -> Loaded:
        if index not in self._frames:
            raise UndecodableError(f"frame {index} gives no picture")
        return self._frames[index].image, self._size

    def name(self, index: int) -> str:
        """Frames are no files."""
        return ""

    def close(self) -> None:
        self._frames.clear()


class VideoBackend:
    """A media file through PyAV: over the nearest keyframe where its timestamps allow it, else
    forward from the last frame asked for or from the beginning.

    Either way a frame has the number, time and pixels that reading in order gives it.
    """

    def __init__(self, reopen: Callable[[], Any], name: str, selection: Selection) -> None:
        self._cursor = Cursor(reopen, name)
        self._convert = FrameConverter(selection)
        try:
            self._index = self._trustworthy_index()
            self.end: float | None = None
            if self._index is not None:
                self.times, self.end = self._index.times, self._index.end
            else:
                self.times = self._decoded_times()
        except BaseException:
            self._cursor.close()
            raise
        self._kept: dict[int, Any] = {}
        self._walk: Iterator[Decoded] = iter(())
        self._reached: int | None = None

    def load(self, index: int) -> Loaded:
        if index not in self._kept:
            self._decode_up_to(index)
        frame = self._kept.get(index)
        if frame is None:
            raise UndecodableError(f"frame {index} gives no picture")
        return self._convert(frame)

    def _decode_up_to(self, index: int) -> None:
        if not self._lies_ahead(index):
            if self._index is not None:
                target = int(self._index.pts[index])
                self._walk = self._cursor.near(self._index, target, passed=self._keep)
            else:
                self._walk = self._cursor.from_start()
        for decoded in self._walk:
            self._reached = decoded.index
            self._keep(decoded)
            if decoded.index >= index:
                return
        self._reached = None

    def _keep(self, decoded: Decoded) -> None:
        """Remember a frame as decoded, and forget the oldest ones over the budget."""
        frame = decoded.frame
        self._kept.pop(decoded.index, None)
        self._kept[decoded.index] = frame
        each = sum(plane.buffer_size for plane in frame.planes)
        while len(self._kept) > max(1, KEPT_BYTES // max(each, 1)):
            del self._kept[next(iter(self._kept))]

    def name(self, index: int) -> str:
        """Frames are no files."""
        return ""

    def close(self) -> None:
        self._kept.clear()
        self._cursor.close()

    def _lies_ahead(self, index: int) -> bool:
        """Whether decoding on from the last frame is the shortest way."""
        if self._reached is None or index <= self._reached:
            return False
        if self._index is None:
            return True
        positions = [entry.position for entry in self._index.entries]
        return bisect.bisect_right(positions, index) == bisect.bisect_right(
            positions, self._reached
        )

    def _trustworthy_index(self) -> PacketIndex | None:
        """The index of the packets, unless two of them make one frame (interlaced fields)."""
        index = self._cursor.index()
        if not index.sound:
            return None
        for _ in islice(self._cursor.from_start(), PROBED_FRAMES):
            pass
        return index if self._cursor.order.sound else None

    def _decoded_times(self) -> NDArray[np.float64]:
        """All times, by decoding; places without picture get the one before."""
        walk = self._cursor.from_start()
        stream = self._cursor.stream
        clock = clock_of(self._cursor.container, stream)
        times: list[float] = []
        for decoded in walk:
            origin, raw = self._cursor.order.origin, None
            if decoded.pts is not None and origin is not None:
                raw = float((decoded.pts - origin) * stream.time_base)
            time = clock.time(raw)
            times += [times[-1] if times else 0.0] * (decoded.index - len(times))
            times.append(time)
        return np.array(times)
