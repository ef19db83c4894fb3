from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.errors import ConfigError
from car_video.io.readers.selection import Chooser, Selection, Verdict


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 9000))
@settings(deadline=None, max_examples=200)
def test_bounded_keeps_aspect_and_never_enlarges(width: int, height: int, size: int) -> None:
    new_width, new_height = Selection(size=size).bounded(width, height)
    assert 1 <= new_width <= width
    assert 1 <= new_height <= height
    assert max(new_width, new_height) == min(size, max(width, height))
    scale = max(new_width, new_height) / max(width, height)
    assert abs(new_width - max(1, width * scale)) <= 0.5 + 1e-6
    assert abs(new_height - max(1, height * scale)) <= 0.5 + 1e-6


@given(
    st.lists(st.floats(0.01, 2), max_size=30),
    st.none() | st.floats(0, 20),
    st.none() | st.floats(0.1, 20),
    st.integers(1, 5),
    st.none() | st.integers(1, 8),
)
@settings(deadline=None, max_examples=200)
def test_chooser_is_a_plain_filter(
    steps: list[float],
    start: float | None,
    length: float | None,
    stride: int,
    most: int | None,
) -> None:
    times = [sum(steps[:count]) for count in range(len(steps))]
    end = None if length is None else (start or 0) + length
    selection = Selection(start, end, stride, most)

    inside = [
        (index, time)
        for index, time in enumerate(times)
        if (start is None or time >= start - 1e-6) and (end is None or time < end - 1e-6)
    ]
    wanted = inside[::stride][:most]

    chooser, taken = Chooser(selection), []
    for index, time in enumerate(times):
        verdict = chooser.judge(index, time)
        if verdict is Verdict.STOP:
            break
        if verdict is Verdict.TAKE:
            taken.append((index, time))
            if chooser.took():
                break
    assert taken == wanted


def test_a_start_that_is_the_rounded_time_of_a_frame_takes_it() -> None:
    time = float(60 * Fraction(1001, 30000))
    assert Chooser(Selection(start=2.002)).judge(60, time) is Verdict.TAKE
    assert Chooser(Selection(start=2.0021)).judge(60, time) is Verdict.PASS


@given(
    st.integers(1, 200),
    st.sampled_from([10.0, 25.0, 29.97]),
    st.none() | st.floats(0, 10),
    st.none() | st.floats(0.1, 10),
    st.integers(1, 5),
    st.none() | st.integers(1, 50),
)
@settings(deadline=None, max_examples=200)
def test_the_expected_number_is_that_of_a_constant_rate(
    frames: int,
    fps: float,
    start: float | None,
    length: float | None,
    stride: int,
    most: int | None,
) -> None:
    end = None if length is None else (start or 0) + length
    selection = Selection(start, end, stride, most)
    chooser, count = Chooser(selection), 0
    for index in range(frames):
        verdict = chooser.judge(index, index / fps)
        if verdict is Verdict.STOP:
            break
        if verdict is Verdict.TAKE:
            count += 1
            if chooser.took():
                break
    expected = selection.expected(frames, fps)
    assert expected is not None
    assert abs(expected - count) <= 1  # a frame may lie within the tolerance of start or end


def test_the_length_of_a_stream_is_unknown() -> None:
    assert Selection(stride=3).expected(None, 25) is None
    assert Selection(end=2).expected(None, 25) == 50
    assert Selection(max_frames=7).expected(None, 25) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": -1.0},
        {"start": float("nan")},
        {"end": float("inf")},
        {"start": 3.0, "end": 3.0},
        {"end": 0.0},
        {"stride": 0},
        {"max_frames": 0},
        {"size": -4},
        {"start": "1"},
        {"start": True},
        {"start": 1 + 2j},
        {"end": 10**400},
        {"stride": 1.5},
        {"stride": True},
        {"stride": "2"},
        {"max_frames": 2.0},
        {"size": 1e9},
    ],
)
def test_values_out_of_range_are_refused_in_one_line(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as caught:
        Selection(**wrong)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert next(iter(wrong)) in str(caught.value)


def test_numbers_of_numpy_are_numbers() -> None:
    given = Selection(np.float32(0.5), np.float64(2), np.int64(2), np.uint8(3), np.int32(64))
    assert given == Selection(0.5, 2.0, 2, 3, 64)
