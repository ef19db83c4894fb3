"""Seconds between frames, whatever a source says of times."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.video.scheduling.clock import NOMINAL_STEP, FrameClock, duration


def steps(*times: float | None) -> list[float]:
    clock = FrameClock()
    return [clock.step(time) for time in times]


def test_differences_of_times() -> None:
    assert steps(5.0, 5.5, 5.75, 3600.0) == [NOMINAL_STEP, 0.5, 0.25, 3594.25]


def test_one_frame() -> None:
    assert steps(0.0) == [NOMINAL_STEP]


@pytest.mark.parametrize("time", [None, math.nan, math.inf, -math.inf])
def test_missing_times_are_nominal(time: float | None) -> None:
    assert steps(time, time, time) == [NOMINAL_STEP] * 3
    expected = [NOMINAL_STEP, NOMINAL_STEP, 1 - NOMINAL_STEP]
    assert steps(1.0, time, 2.0) == pytest.approx(expected)


def test_a_clock_that_stands_or_jumps_back_is_nominal() -> None:
    assert steps(7.0, 7.0, 7.0) == [NOMINAL_STEP] * 3
    assert steps(7.0, 0.5, 1.0) == [NOMINAL_STEP, NOMINAL_STEP, 0.5]


@pytest.mark.parametrize("other", [None, math.nan, math.inf, -math.inf, 7.0, 6.0, -3600.0])
def test_a_duration_is_above_zero(other: float | None) -> None:
    assert duration(7.0, other) == NOMINAL_STEP
    assert duration(None, other) == NOMINAL_STEP
    assert duration(7.0, 3607.0) == 3600


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=30))
def test_every_duration_is_above_zero(times: list[float | None]) -> None:
    assert all(seconds > 0 for seconds in steps(*times))
