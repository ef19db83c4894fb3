"""Decoding a file forward, from its beginning or from one of its keyframes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from av.error import FFmpegError

from car_video.io.readers.decoding.container import gives_picture, pick_video, read_packets
from car_video.io.readers.decoding.decoder import Decoded, Decoder
from car_video.io.readers.decoding.frame_numbers import PresentationOrder
from car_video.io.readers.decoding.packet_index import (
    Entry,
    PacketIndex,
    decodes_in_stamp_order,
    index_packets,
)
from car_video.io.readers.decoding.presentation_end import PresentationEnd


class Cursor:
    """An open media file with a place in it.

    Args:
        reopen: opens the file anew; called for the first time here.
        name: what the user called it.

    Attributes:
        container: ``av.container.InputContainer``.
        stream: its video stream.
        decoder: of that stream.
        order: numbers the frames of the walk under way.
        end: of the presentation, complete when the walk has reached the end of the file.
        errors: failures to read the container so far.
    """

    def __init__(self, reopen: Callable[[], Any], name: str) -> None:
        self._reopen = reopen
        self._name = name
        self._used = False
        self.order = PresentationOrder()
        self.end = PresentationEnd()
        self.errors: list[Exception] = []
        self._open()

    def _open(self) -> None:
        self.container = self._reopen()
        try:
            self.stream = pick_video(self.container, self._name)
            self.decoder = Decoder(self.stream)
        except BaseException:
            self.container.close()
            raise

    def index(self, until: float | None = None) -> PacketIndex:
        """Read packets from the beginning without decoding them."""
        self._rewind()
        return index_packets(self.container, self.stream, until)

    def from_start(self) -> Iterator[Decoded]:
        """Decode everything."""
        self._rewind()
        orderly = decodes_in_stamp_order(self.container, self.stream)
        self.order = PresentationOrder(stamps_follow_packets=not orderly)
        return self.decoder.run(self._packets(), self.order)

    def from_entry(
        self, index: PacketIndex, entry: Entry, target: int
    ) -> Iterator[Decoded] | None:
        """Decode from a keyframe on; gaps before the timestamp ``target`` do not count.

        Returns:
            None where the container's seek does not lead to a keyframe of the index.
        """
        self._used = True
        try:
            self.container.seek(entry.pts, stream=self.stream)
        except FFmpegError:
            return None
        self.decoder.reset()
        self.end = PresentationEnd()
        packets = self._packets()
        first = next((p for p in packets if gives_picture(p, self.stream)), None)
        if first is None:
            return None
        landed = next((e for e in index.entries if e.pts == first.pts), None)
        if landed is None or landed.position > entry.position:
            return None
        self.order = PresentationOrder(
            landed.position, origin=int(index.pts[0]), count_gaps_from=target
        )
        return self.decoder.run(chain([first], packets), self.order)

    def near(
        self,
        index: PacketIndex,
        target: int,
        passed: Callable[[Decoded], None] | None = None,
    ) -> Iterator[Decoded]:
        """Decode from the nearest place that leads to the frame with this timestamp.

        A keyframe can turn out not to lead there: with gradual refresh the picture is whole
        only some frames later. Then an earlier one is tried, until two agree that the frame
        itself cannot be decoded.

        Args:
            index: of this file.
            target: timestamp of the wanted frame. Frames before it may still come first.
            passed: told of frames before the target that are decoded on the way and left out.
        """
        wanted = index.rank(target)
        earlier_answer = None
        for entry in index.entries_before(target):
            walk = self.from_entry(index, entry, target) if entry.position else None
            if walk is None:
                break
            found = _first_from(wanted, walk, passed)
            answer = None if found is None else found.index
            if answer == wanted or (answer is not None and answer == earlier_answer):
                return chain([found] if found else [], walk)
            earlier_answer = answer
        return self.from_start()

    def last_packet_end(self) -> float:
        """Seconds from the first picture to the end of the last packet, sound included.

        Reads the whole file once more.
        """
        end = 0.0
        with self._reopen() as container:
            for packet in read_packets(container, list(container.streams)):
                if packet.pts is not None and packet.time_base:
                    until = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    end = max(end, until)
        return end - float((self.order.origin or 0) * self.stream.time_base)

    def close(self) -> None:
        self.container.close()

    def _rewind(self) -> None:
        """Stand at the first packet: open anew, for a seek to 0 may miss packets before it."""
        if self._used:
            self.container.close()
            self._open()
        self._used = True
        self.errors = []
        self.end = PresentationEnd()

    def _packets(self) -> Iterator[Any]:
        for packet in read_packets(self.container, self.stream, self.errors.append):
            self.end.push(packet)
            yield packet


def _first_from(
    wanted: int, walk: Iterator[Decoded], passed: Callable[[Decoded], None] | None
) -> Decoded | None:
    """The first frame with this number or a later one; earlier ones are shown to ``passed``."""
    for decoded in walk:
        if decoded.index >= wanted:
            return decoded
        if passed is not None:
            passed(decoded)
    return None
