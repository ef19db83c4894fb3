"""Threads beside the computation: order, bounds, errors and ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.cli.worker_threads import ReadAhead, WriteBehind

LONG = 20.0  # seconds after which a wait counts as a hang


@given(items=st.lists(st.none() | st.integers()), depth=st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_all_items_in_order(items: list[int | None], depth: int) -> None:
    with ReadAhead(items, depth) as ahead:
        assert list(ahead) == items


def test_only_so_far_ahead() -> None:
    read: list[int] = []
    waiting = threading.Event()

    def source() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            if number == 3:
                waiting.set()
            yield number

    with ReadAhead(source(), 2) as ahead:
        assert next(ahead) == 0
        assert waiting.wait(LONG)  # 1 and 2 wait, 3 is in hand
        assert len(read) <= 4
    assert len(read) <= 5  # and it stops there
    assert not any(thread.name == "read-ahead" for thread in threading.enumerate())


def test_an_error_of_the_source_comes_in_its_turn() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with ReadAhead(source()) as ahead:
        assert next(ahead) == 1
        with pytest.raises(OSError, match="gone"):
            next(ahead)


@given(count=st.integers(0, 12), depth=st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_all_jobs_in_order(count: int, depth: int) -> None:
    done: list[int] = []
    with WriteBehind(depth) as writer:
        for number in range(count):
            writer.submit(lambda number=number: done.append(number))
        writer.finish()
        assert done == list(range(count))
    assert not any(thread.name == "write-behind" for thread in threading.enumerate())


def test_who_is_too_fast_waits() -> None:
    go, done = threading.Event(), []

    def slow() -> None:
        assert go.wait(LONG)
        done.append(len(done))

    with WriteBehind(2) as writer:
        for _ in range(3):  # one in hand, two wait
            writer.submit(slow)
        late = threading.Thread(target=writer.submit, args=(slow,))
        late.start()
        late.join(0.2)
        assert late.is_alive()
        go.set()
        late.join(LONG)
        assert not late.is_alive()
        writer.finish()
    assert done == [0, 1, 2, 3]


def test_after_an_error_nothing_more_is_written() -> None:
    done: list[int] = []

    def fail() -> None:
        raise OSError("disk full")

    with WriteBehind() as writer:
        writer.submit(lambda: done.append(1))
        writer.submit(fail)
        with pytest.raises(OSError, match="disk full"):
            writer.finish()
        writer.submit(lambda: done.append(2))
        writer.finish()  # told once
    assert done == [1]


def test_an_error_is_told_by_the_next_job() -> None:
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise OSError("disk full")

    with WriteBehind() as writer:
        writer.submit(fail)
        assert failed.wait(LONG)
        deadline = time.monotonic() + LONG
        told = False
        while not told and time.monotonic() < deadline:
            try:
                writer.submit(lambda: None)
            except OSError as error:
                told = str(error) == "disk full"
        assert told
