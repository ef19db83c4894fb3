from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.io.readers.decoding.clock import Clock

stamps = st.none() | st.floats(-1e6, 1e6)


@given(st.lists(stamps, max_size=40), st.booleans())
@settings(deadline=None, max_examples=300)
def test_times_always_increase_and_begin_at_or_after_zero(
    raws: list[float | None], live: bool
) -> None:
    clock = Clock(period=0.04)
    times = [
        clock.time(raw, wall=number * 0.05 if live else None) for number, raw in enumerate(raws)
    ]
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert not times or times[0] >= 0


@given(st.lists(st.floats(0.001, 9.9), min_size=1, max_size=40), st.floats(0, 1000))
@settings(deadline=None, max_examples=200)
def test_good_times_are_left_alone(pauses: list[float], first: float) -> None:
    raws = list(itertools.accumulate(pauses, initial=first))
    clock = Clock(period=0.04)
    assert [clock.time(raw) for raw in raws] == raws
    assert clock.notices() == []


def test_a_repeated_time_is_nudged_and_the_next_ones_stay() -> None:
    clock = Clock(period=1.0)
    assert [clock.time(raw) for raw in (0.0, 0.0, 1.0, 2.0, 1.9, 3.0)] == [
        0.0,
        0.5,
        1.0,
        2.0,
        2.5,
        3.0,
    ]
    assert clock.slips == 2
    assert len(clock.notices()) == 1


@pytest.mark.parametrize("jump", [-500.0, 40_000.0])
def test_a_clock_that_starts_anew_goes_on(jump: float) -> None:
    clock = Clock(period=0.1)
    raws = [100.0, 100.1, 100.2 + jump, 100.3 + jump, 100.5 + jump]
    times = [clock.time(raw) for raw in raws]
    assert times == pytest.approx([100.0, 100.1, 100.2, 100.3, 100.5])
    assert clock.restarts == 1
    assert "jumped" in clock.notices()[0]


def test_a_long_pause_within_the_stated_duration_is_believed() -> None:
    clock = Clock(period=0.1, believed_until=301.0)
    assert [clock.time(raw) for raw in (0.0, 300.0, 1000.0)] == [0.0, 300.0, 300.1]
    assert clock.restarts == 1


def test_missing_times_advance_by_a_period_or_follow_the_wall() -> None:
    clock = Clock(period=0.25)
    assert [clock.time(None) for _ in range(3)] == [0.0, 0.25, 0.5]
    live = Clock(period=0.25)
    assert [live.time(None, wall) for wall in (0.0, 0.1, 7.0)] == [0.0, 0.1, 7.0]


def test_a_new_connection_goes_on_at_the_time_on_the_wall() -> None:
    clock = Clock(period=0.1)
    assert clock.time(5000.0, wall=0.0) == 5000.0
    clock = Clock(period=0.1)
    clock.reconnected()
    first = [clock.time(5000.0 + t, wall=t) for t in (0.0, 0.1)]
    clock.reconnected()
    second = [clock.time(t, wall=20.0 + t) for t in (0.0, 0.1)]
    assert first + second == pytest.approx([0.0, 0.1, 20.0, 20.1])
    assert clock.notices() == []


def test_repeated_times_stay_within_the_tick_of_the_clock() -> None:
    clock = Clock(1 / 25, tick=0.001)
    times = [clock.time(raw) for raw in (0.0, 0.0, 0.0, 0.001, 0.001, 0.002)]
    assert times == pytest.approx([0, 0.0005, 0.00075, 0.001, 0.0015, 0.002])
    assert clock.notices() == ["3 timestamps put right: repeated or going back"]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=300))
def test_any_steps_of_a_coarse_clock_give_rising_times(steps: list[int]) -> None:
    clock, raw, last = Clock(1 / 25, tick=0.001), 0.0, -1.0
    for step in steps:
        raw += step * 0.001
        time = clock.time(raw)
        assert last < time <= raw + 0.00101
        last = time
