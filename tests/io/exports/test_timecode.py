from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.io.exports.timecode import advance, source_timecode

NTSC, FAST = Fraction(30000, 1001), Fraction(60000, 1001)


@pytest.mark.parametrize(
    ("first", "frames", "rate", "then"),
    [
        ("01:00:00:05", 0, Fraction(25), "01:00:00:05"),
        ("01:00:00:24", 1, Fraction(25), "01:00:01:00"),
        ("23:59:59:23", 1, Fraction(24000, 1001), "00:00:00:00"),
        ("00:00:59;29", 1, NTSC, "00:01:00;02"),
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),
        ("00:00:00;00", 17982, NTSC, "00:10:00;00"),
        ("00:00:00;00", 107892, NTSC, "01:00:00;00"),
        ("00:00:59;59", 1, FAST, "00:01:00;04"),
        ("00:00:59:29", 1, NTSC, "00:01:00:00"),
        ("00:00:00:00", 61, Fraction(60), "00:00:01:01"),
    ],
)
def test_known_timecodes(first, frames, rate, then):
    assert advance(first, frames, rate) == then


@given(st.integers(0, 200_000), st.integers(0, 200_000), st.sampled_from([NTSC, FAST]))
def test_two_steps_are_one(first, second, rate):
    start = "00:00:00;00"
    assert advance(advance(start, first, rate), second, rate) == advance(
        start, first + second, rate
    )


def test_no_timecode(tmp_path):
    assert source_timecode(tmp_path / "nothing.mp4") is None
    (tmp_path / "text.txt").write_text("01:00:00:00")
    assert source_timecode(tmp_path / "text.txt") is None
    with pytest.raises(ValueError, match="no timecode"):
        advance("1:2", 1, NTSC)
