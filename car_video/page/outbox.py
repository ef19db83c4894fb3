"""``Outbox``: replies that wait until the browser of one page asks for them."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

_numbers = itertools.count()
Item = TypeVar("Item")


def next_number() -> int:
    """A number that is larger than all before it; to be taken before anything is read."""
    return next(_numbers)


class Outbox(Generic[Item]):
    """Replies to all that a person does on one page.

    Several actions are answered at the same time, each in a thread of its own. If each had its
    own way to the browser, an older answer could come after a newer one, and the browser's side
    of gradio, which takes the values of a reply one by one, could mix them. So a browser asks
    for what there is when it has taken in what it had asked for before.

    Attributes:
        frame: index at which the slider of the browser stands.
    """

    def __init__(self) -> None:
        self.frame = 0
        self._lock = threading.Lock()
        self._waiting: list[tuple[Item, bool]] = []
        self._newest, self._closed = -1, False
        self._ring: Callable[[], object] = _nobody

    def put(self, reply: Item, number: int) -> None:
        """Send a reply.

        Args:
            reply: anything.
            number: from :func:`next_number`.
        """
        with self._lock:
            self._waiting.append((reply, number >= self._newest))
            self._newest = max(self._newest, number)
            self._ring()

    def close(self) -> None:
        """The page is gone; who waits is sent away."""
        with self._lock:
            self._closed = True
            self._ring()

    async def take(self, patience: float) -> list[tuple[Item, bool]] | None:
        """All replies that wait.

        Args:
            patience: seconds to wait for the first of them.

        Returns:
            Replies as they were put, and whether each was made after all that were put before
            it. None where the page is gone, or asks again by now.
        """
        loop, bell = asyncio.get_running_loop(), asyncio.Event()

        def ring() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(bell.set)

        with self._lock:
            self._ring()  # sends away who has waited so far
            self._ring = ring
            if self._waiting or self._closed:
                bell.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), patience)
        with self._lock:
            if self._closed or self._ring is not ring:
                return None
            coming, self._waiting = self._waiting, []
        return coming


def _nobody() -> None:
    """Nobody listens yet."""
