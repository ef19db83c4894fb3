"""Times, and options that are misspelt."""

from __future__ import annotations

import shutil
from pathlib import Path

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


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("ui", "--port", "70000"), "see car-video ui --help"),
        (("serve", "--prot", "80"), "did you mean --port? (see car-video serve --help)"),
    ],
)
def test_the_help_of_the_subcommand_is_named(cli, arguments, wanted):
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert err.endswith(f"{wanted}\n")
    assert err.count("\n") == 1


def test_a_time_on_the_command_line(cli, clip):
    code, out, _ = cli(clip, "--expr", "a dog", "--start", "00:00:00.5", "--end", "0:00.8")
    assert code == 0
    assert out.startswith("3 frames")


@pytest.mark.parametrize("name", ["-dash.mp4", "-.mp4", "-4 b.mp4", "--dash.mp4"])
def test_a_file_that_looks_like_an_option(cli, clip, name):
    shutil.copy(clip, Path(name))
    code, _, err = cli(name, "--expr", "a dog")
    assert code == 2
    assert err == f"error: {name} is taken for an option; for the file give ./{name}\n"
    assert cli(f"./{name}", "--expr", "a dog", "--max-frames", "1")[0] == 0


@pytest.mark.parametrize("option", ["--size", "--stride", "--max-frames"])
def test_a_number_with_a_point_where_a_whole_one_is_wanted(cli, clip, option):
    code, out, err = cli(clip, "--expr", "a dog", option, "1.5")
    assert (code, out) == (2, "")
    wanted = f"Invalid value for '{option}': want a whole number"
    assert err == f"error: {wanted}; see car-video --help\n"


@pytest.mark.parametrize("device", ["cpu:5", "mps:1", "cuda:x"])
def test_a_device_with_a_number_that_it_cannot_have(cli, clip, device):
    code, _, err = cli(clip, "--expr", "a dog", "--device", device)
    assert code == 2
    assert f"unknown device '{device}'" in err
