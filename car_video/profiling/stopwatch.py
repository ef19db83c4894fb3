"""``Stopwatch``: time by part of the work."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock


class Stopwatch:
    """Seconds by part; a part does not hold the time of parts inside it.

    Args:
        clock: seconds, such as :func:`time.perf_counter`.

    Attributes:
        seconds: of each part.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._clock = clock
        self._inner: list[float] = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """The block is of this part."""
        began = self._clock()
        self._inner.append(0.0)
        try:
            yield
        finally:
            whole = self._clock() - began
            self.seconds[name] += whole - self._inner.pop()
            if self._inner:
                self._inner[-1] += whole

    @contextmanager
    def watching(self, owner: Any, function: str, name: str) -> Iterator[None]:
        """In the block, calls of a function of a module or object are of this part."""
        inner = getattr(owner, function)

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.part(name):
                return inner(*arguments, **named)

        with mock.patch.object(owner, function, timed):
            yield
