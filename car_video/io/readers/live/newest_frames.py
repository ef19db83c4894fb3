"""A queue between two threads that keeps the newest frames and drops old ones."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame that has come in: its number (dropped ones count), time in seconds, picture."""

    index: int
    time: float
    frame: Any


class Newest:
    """A bounded queue between two threads that keeps the newest items."""

    def __init__(self, size: int) -> None:
        self._items: deque[Arrival] = deque(maxlen=size)
        self._changed = threading.Condition()
        self._closed = False
        self.dropped = 0

    def put(self, item: Arrival) -> None:
        """Add an item; when full, the oldest one goes."""
        with self._changed:
            self.dropped += len(self._items) == self._items.maxlen
            self._items.append(item)
            self._changed.notify()

    def get(self, timeout: float) -> Arrival | None:
        """The oldest item, waiting for one; None after :meth:`close` or ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            return self._items.popleft() if self._items else None

    def close(self) -> None:
        """No more items will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
