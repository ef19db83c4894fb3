"""What the page does not take is told in one sentence."""

from __future__ import annotations

import pytest

from car_video.errors import ConfigError, SourceError
from car_video.page.clip import Clip, safe_name, take_in
from car_video.page.limits import Limits, duration
from tests.io.readers.media import numbered, write_video


def test_a_clip_of_three_hours_is_refused_before_it_is_read(tmp_path):
    path = write_video(
        tmp_path / "long.mp4", [numbered(1), numbered(2)], times=[0.0, 3 * 3600.0]
    )
    with pytest.raises(SourceError) as told:
        Clip(path, Limits())
    text = str(told.value)
    assert text.startswith("This clip lasts 3 h, and the page takes up to 10 min.")
    assert "command line" in text
    assert "\n" not in text


def test_a_large_upload_is_refused_and_stays_where_it_is(tmp_path):
    file = tmp_path / "large.mp4"
    file.write_bytes(b"0" * 1_500_000)
    with pytest.raises(SourceError, match="has 2 MB, and the page takes up to 1 MB"):
        take_in([file], tmp_path / "session", Limits(megabytes=1))
    assert file.exists()
    assert not (tmp_path / "session").exists()


def test_many_pictures_are_refused(tmp_path):
    files = [tmp_path / f"{number}.png" for number in range(3)]
    for file in files:
        file.write_bytes(b"")
    with pytest.raises(SourceError, match="These are 3 pictures, and the page takes up to 2"):
        take_in(files, tmp_path / "session", Limits(pictures=2))


def test_limits_are_above_zero():
    with pytest.raises(ConfigError, match="minutes must be above 0"):
        Limits(minutes=0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.4, "4 s"), (60, "1 min"), (3599, "1 h"), (3600, "1 h"), (11100, "3 h 5 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("...", "clip"),
        ("", "clip"),
        (".hidden.mp4", "hidden.mp4"),
        ("a:b|c?.mov", "a_b_c_.mov"),
        ("tab\there\n.mp4", "tabhere.mp4"),
        ("ж" * 200 + ".mp4", "ж" * 78 + ".mp4"),
        ("日本" * 60, "日本" * 26 + "日"),
        ("🙂" * 90 + ".日本語日本語", "🙂" * 36 + ".日本語日本"),
        ("a." + "b" * 200, "a." + "b" * 15),
        ("a" * 75 + " .mp4", "a" * 75 + " .mp4"),
        ("CON", "_CON"),
        ("nul.mp4", "_nul.mp4"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("aux." + "x" * 200 + ".mp4", "_aux." + "x" * 151 + ".mp4"),
        ("console.mp4", "console.mp4"),
    ],
)
def test_names_of_uploads(name, safe):
    assert safe_name(name) == safe
    assert safe_name(safe) == safe, "a project names its clip so"
    assert len(safe.encode()) <= 160
