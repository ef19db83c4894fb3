"""Until when the last picture of a file is shown."""

from __future__ import annotations

from typing import Any


class PresentationEnd:
    """Finds the end of a video stream from its packets, without decoding.

    Containers give packets durations in the order of decoding. The last packet to be decoded
    need not hold the last picture to be shown (B-frames), but both time lines are equally
    long: presentation ends when decoding does, plus the delay between the two.
    """

    def __init__(self) -> None:
        self._first_pts: int | None = None
        self._first_dts: int | None = None
        self._decoded_until: int | None = None

    def push(self, packet: Any) -> None:
        """A packet has been read, in the order of the file."""
        if packet.pts is None or packet.dts is None:
            return
        if self._first_pts is None or packet.pts < self._first_pts:
            self._first_pts = packet.pts
        if self._first_dts is None or packet.dts < self._first_dts:
            self._first_dts = packet.dts
        if packet.duration and not packet.is_discard:  # edit lists cut packets away
            until = packet.dts + packet.duration
            self._decoded_until = max(until, self._decoded_until or until)

    @property
    def pts(self) -> int | None:
        """Timestamp at which the last picture ends, None where no packet has a duration."""
        if self._decoded_until is None or self._first_pts is None or self._first_dts is None:
            return None
        return self._decoded_until + self._first_pts - self._first_dts
