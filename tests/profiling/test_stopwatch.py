"""Time by part, by a clock that the test sets."""

from __future__ import annotations

import pytest

from car_video.profiling import Stopwatch


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Work:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def outer(self) -> str:
        self.clock.now += 2
        return self.inner()

    def inner(self) -> str:
        self.clock.now += 6
        return "done"

    def fail(self) -> None:
        self.clock.now += 3
        raise ValueError("bad")


def test_a_part_does_not_hold_the_time_of_parts_inside_it() -> None:
    clock = Clock()
    stopwatch, work = Stopwatch(clock), Work(clock)
    with stopwatch.watching(work, "inner", "inner"), stopwatch.part("outer"):
        assert work.outer() == "done"
    assert stopwatch.seconds == {"outer": 2, "inner": 6}
    work.outer()  # not watched any more
    assert stopwatch.seconds == {"outer": 2, "inner": 6}


def test_what_raises_counts_too() -> None:
    clock = Clock()
    stopwatch, work = Stopwatch(clock), Work(clock)
    with stopwatch.watching(work, "fail", "all"), pytest.raises(ValueError, match="bad"):
        work.fail()
    assert stopwatch.seconds == {"all": 3}
