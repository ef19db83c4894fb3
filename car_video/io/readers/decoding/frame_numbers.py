"""Numbers of frames, from timestamps that may be missing, repeated or out of order."""

from __future__ import annotations

import heapq
import math


class PresentationOrder:
    """Numbers decoded frames by the rank of their timestamp among the packets read.

    A decoder gives out a frame only after it has read every packet that is shown earlier, so
    the rank is known at that moment, in one pass. It stays the same however the frame is
    reached, from the beginning or from a keyframe, and a packet that gives no frame leaves a
    gap instead of shifting all later numbers.

    Where the timestamps cannot carry this (one is missing, occurs twice or lies before a frame
    already given out, or each packet holds one field of an interlaced picture), frames are
    counted as they come from there on.

    Args:
        first: rank of the first packet that will be pushed.
        origin: smallest timestamp of the source, where it is known already.
        stamps_follow_packets: the container numbers packets in the order of decoding (AVI with
            B-frames): frames get the smallest timestamp that waits, and are counted.
        count_gaps_from: gaps before this timestamp are not counted in :attr:`missing`.

    Attributes:
        missing: packets that gave no frame.
        origin: smallest timestamp seen when the first frame came out.
        sound: whether numbers are ranks.
    """

    def __init__(
        self,
        first: int = 0,
        origin: int | None = None,
        stamps_follow_packets: bool = False,
        count_gaps_from: int | None = None,
    ) -> None:
        self.missing = 0
        self.origin = origin
        self.sound = not stamps_follow_packets
        self._take_smallest = stamps_follow_packets
        self._next = first
        self._from = count_gaps_from
        self._waiting: list[int] = []
        self._known: set[int] = set()
        self._last: float = -math.inf

    @property
    def seen(self) -> int:
        """How many places have been given out or passed over."""
        return self._next

    def push(self, pts: int | None) -> None:
        """A packet has been read that should give a frame."""
        if self.sound and (pts is None or pts in self._known or pts <= self._last):
            self._count_from_here()
        if pts is not None and (self.sound or self._take_smallest):
            self._known.add(pts)
            heapq.heappush(self._waiting, pts)

    def pop(self, pts: int | None, interlaced: bool = False) -> tuple[int, int | None]:
        """The number and the timestamp of a frame that has come out of the decoder."""
        if self.origin is None:
            self.origin = self._waiting[0] if self._waiting else pts
        if self._take_smallest and self._waiting:
            pts = self._pull()
        elif self.sound and pts in self._known:
            self._pass_over(pts, interlaced)
        else:
            self._count_from_here()
        index = self._next
        self._next += 1
        if pts is not None:
            self._last = pts
        return index, pts

    def failed(self) -> None:
        """The decoder has refused a packet. Ranks tell which; counting takes the next."""
        if not self.sound:
            self.missing += 1
            self._next += 1
            if self._take_smallest and self._waiting:
                self._pull()

    def finish(self) -> None:
        """The source has ended: what still waits gave no frame."""
        if self.sound:
            for pts in sorted(self._waiting):
                self._gap(pts)
            self._waiting.clear()

    def _pass_over(self, pts: int | None, interlaced: bool) -> None:
        gaps = []
        while (smallest := self._pull()) != pts:
            gaps.append(smallest)
        if gaps and interlaced:  # two packets, one field each, made this frame
            self._count_from_here()
            return
        for gap in gaps:
            self._gap(gap)

    def _count_from_here(self) -> None:
        self.sound = False
        self._waiting.clear()
        self._known.clear()

    def _gap(self, pts: int) -> None:
        self._next += 1
        if self._from is None or pts >= self._from:
            self.missing += 1

    def _pull(self) -> int:
        pts = heapq.heappop(self._waiting)
        self._known.discard(pts)
        return pts
