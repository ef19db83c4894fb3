"""How many threads to compute with while other programs are busy.

Threads of OpenMP that wait for each other spin. Where another program has taken a core, the one
that computes does not get it, the others burn theirs, and two threads on two cores are four
times slower than one (measured in docs/video.md, "Company"). So the package counts what other
programs take, and computes with as many threads as cores are left. Linux only: elsewhere there
is no such count without another package, and nothing is changed.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

STATISTICS = Path("/proc/stat")

INTERVAL = 0.5
"""Seconds from one count to the next. The kernel counts in hundredths of a second."""

_IDLE = (3, 4)  # columns of /proc/stat: idle, and idle while a disk works


def busy_seconds(text: str, cores: set[int], tick: float) -> float:
    """What all programs together have taken of some cores since the machine was started.

    Args:
        text: of ``/proc/stat``.
        cores: numbers of the cores.
        tick: seconds of the kernel's unit.
    """
    total = 0
    for line in text.splitlines():
        name, *columns = line.split()
        if not name.startswith("cpu") or not name[3:].isdigit() or int(name[3:]) not in cores:
            continue
        # Behind the eighth are guests, which are in the users' ticks already.
        ticks = [int(column) for column in columns[:8]]
        total += sum(ticks) - sum(ticks[place] for place in _IDLE)
    return total * tick


def threads_for(most: int, cores: int, others: float) -> int:
    """How many threads to compute with.

    Args:
        most: as many as there would be on an idle machine.
        cores: that this program may run on.
        others: cores that other programs take, on average.
    """
    return max(1, min(most, round(cores - others)))


class FreeCores:
    """Counts what other programs take, from call to call.

    Args:
        read: text of ``/proc/stat``; raises OSError where there is none.
        own: seconds of processor time that this program has taken.
        clock: seconds.
    """

    def __init__(
        self,
        read: Callable[[], str] = STATISTICS.read_text,
        own: Callable[[], float] = time.process_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._own, self._clock = read, own, clock
        self._last: tuple[float, float] | None = None  # clock, and busy seconds of others
        self._others = 0.0
        self._known = hasattr(os, "sched_getaffinity")
        self._lock = threading.Lock()

    def step(self, most: int) -> int:
        """How many of ``most`` threads to compute with now."""
        if most == 1 or not self._known:
            return most
        with self._lock:
            cores = os.sched_getaffinity(0)
            now = self._clock()
            if self._last is None or now - self._last[0] >= INTERVAL:
                self._count(now, cores)
            return threads_for(most, len(cores), self._others)

    def _count(self, now: float, cores: set[int]) -> None:
        try:
            tick = 1 / os.sysconf("SC_CLK_TCK")
            others = busy_seconds(self._read(), cores, tick) - self._own()
        except (OSError, ValueError):  # a system without these statistics, or with others
            self._known = False
            self._others = 0.0
            return
        if self._last is not None:
            self._others = max(0.0, (others - self._last[1]) / (now - self._last[0]))
        self._last = (now, others)


FREE_CORES = FreeCores()
"""Of this process."""
