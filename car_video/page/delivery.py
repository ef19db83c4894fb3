"""``Delivery``: replies reach a browser in the order in which they were made."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 5.0
"""Seconds after which a reply no longer waits for the one before it, whose page may be gone."""

_numbers = itertools.count()


def next_number() -> int:
    """A number that is larger than all before it; to be taken before anything is read."""
    return next(_numbers)


class Delivery:
    """What was sent to the browser of one page. Several actions of a person may be answered at
    the same time; an older answer must not be shown over a newer one.

    Attributes:
        frame: index at which the slider of the browser stands.
    """

    def __init__(self) -> None:
        self.frame = 0
        self._newest = -1
        self._sending = threading.Lock()

    @contextmanager
    def turn(self, number: int) -> Iterator[bool]:
        """Send one reply; another waits until this one is on its way.

        Args:
            number: of the reply, from :func:`next_number`.

        Yields:
            Whether it still holds: no newer reply has been sent.
        """
        alone = self._sending.acquire(timeout=_PATIENCE)
        try:
            holds = number >= self._newest
            self._newest = max(self._newest, number)
            yield holds
        finally:
            if alone:
                self._sending.release()
