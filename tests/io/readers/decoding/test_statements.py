from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from car_video.io.readers.decoding.statements import (
    DEFAULT_RATE,
    LONGEST_PAUSE,
    believed_until,
    frame_rate,
    video_seconds,
)


def stream(**values: Any) -> Any:
    known = {"average_rate": None, "guessed_rate": None, "base_rate": None}
    known |= {"time_base": Fraction(1, 90_000), "frames": 0, "duration": None}
    return SimpleNamespace(**(known | {"start_time": 0, "metadata": {}} | values))


@pytest.mark.parametrize(
    ("values", "rate"),
    [
        ({"average_rate": Fraction(30000, 1001)}, 30000 / 1001),
        ({"average_rate": Fraction(5000)}, 5000),  # a high-speed camera
        ({"average_rate": Fraction(90_000)}, DEFAULT_RATE),  # the unit of the clock
        ({"average_rate": Fraction(90_000), "frames": 90, "duration": 90}, 90_000),
        ({"average_rate": Fraction(0), "guessed_rate": Fraction(50)}, 50),
        ({}, DEFAULT_RATE),
    ],
)
def test_rates(values: dict[str, Any], rate: float) -> None:
    assert frame_rate(stream(**values)) == pytest.approx(rate)


def container(format: str, seconds: float | None = None) -> Any:
    duration = None if seconds is None else round(seconds * 1e6)
    return SimpleNamespace(format=SimpleNamespace(name=format), duration=duration)


def test_matroska_states_the_end_and_not_the_length() -> None:
    late = stream(start_time=90_000, metadata={"DURATION": "00:00:03.000000000"})
    assert video_seconds(container("matroska,webm", 3.2), late) == pytest.approx(2.0)
    assert video_seconds(container("matroska,webm", 3.2), stream(start_time=90_000)) == (
        pytest.approx(2.2)
    )
    assert video_seconds(container("matroska,webm"), stream()) is None
    assert video_seconds(container("avi", 4.0), stream()) == pytest.approx(4.0)


def test_long_pauses() -> None:
    assert believed_until(container("matroska,webm", 20.0)) == pytest.approx(21.0)
    assert believed_until(container("matroska,webm")) == LONGEST_PAUSE
    assert believed_until(container("mpegts", 20.0)) == 0
