"""Ctrl-C, held back while something must not be cut in two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

EXIT_CODE = 130  # of a program that Ctrl-C has ended, as shells have it


class Interrupts:
    """Within its ``with`` block Ctrl-C raises KeyboardInterrupt, but not inside :meth:`held`.

    There it waits for the end of the block, so that a frame is written to all outputs or to
    none; a second one does not wait. Does nothing outside the main thread, where Python has
    no signals.

    Attributes:
        finished: the last held block came to its end.
    """

    def __init__(self) -> None:
        self.finished = True
        self._holding = self._waiting = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._caught)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Run a block to its end before a Ctrl-C counts.

        Raises:
            KeyboardInterrupt: at the end, when there was one.
        """
        self.finished = self._waiting = False
        self._holding = True
        try:
            yield
            self.finished = True
        finally:
            self._holding = False
        if self._waiting:
            raise KeyboardInterrupt

    def _caught(self, number: int, stack: FrameType | None) -> None:
        if self._waiting or not self._holding:
            raise KeyboardInterrupt
        self._waiting = True
