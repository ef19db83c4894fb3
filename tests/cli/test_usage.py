"""Times, and options that are misspelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.cli.presence_times import clock
from car_video.cli.usage import parse_time
from car_video.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("62.5", 62.5),
        ("0", 0.0),
        ("90", 90.0),
        ("1:02.5", 62.5),
        ("00:00:03", 3.0),
        ("1:00:00", 3600.0),
        (" 0:03 ", 3.0),
        ("100:00:00", 360000.0),
        ("-1", -1.0),
    ],
)
def test_times(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["1:75", "1:60:00", "a", "", ":", "1:", "1:2:3:4", "-1:00", "3s"]
)
def test_what_is_no_time(text):
    with pytest.raises(ConfigError, match="is no time; give seconds"):
        parse_time(text)


@given(st.integers(0, 10**6))
def test_times_that_the_summary_prints_are_read(tenths):
    assert parse_time(clock(tenths / 10)) == pytest.approx(tenths / 10)


@pytest.mark.parametrize(
    ("given_option", "meant"),
    [
        ("--colour", None),
        ("--expresion", "--expr"),
        ("-expr", "--expr"),
        ("--Expr", "--expr"),
        ("--output=x", "--out"),
        ("--fps", "--target-fps"),
        ("--maxframes", "--max-frames"),
        ("--max_frames", "--max-frames"),
        ("--models", "--model"),
        ("-x", None),
        ("--\x1b[1m", None),
    ],
)
def test_the_nearest_option_is_named(cli, given_option, meant):
    code, out, err = cli("clip.mp4", given_option, "x")
    assert (code, out) == (2, "")
    option = given_option.split("=")[0].replace("\x1b", "\\x1b")
    hint = f"; did you mean {meant}?" if meant else ""
    assert err == f"error: no such option: {option}{hint} (see car-video --help)\n"


def test_a_time_on_the_command_line(cli, clip):
    code, out, _ = cli(clip, "--expr", "a dog", "--start", "00:00:00.5", "--end", "0:00.8")
    assert code == 0
    assert out.startswith("3 frames")
