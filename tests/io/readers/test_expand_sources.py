"""Which sources a folder or a pattern means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from car_video.errors import SourceError
from car_video.io.readers import expand_sources
from car_video.io.readers.folders import VIDEO_SUFFIXES


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_cameras_addresses_and_files_are_themselves(here: Path) -> None:
    make(here, "a.mp4")
    names = ["webcam:0", "rtsp://h/*", "http://h/[1].mp4?a=*", "a.mp4", "missing.mp4"]
    assert expand_sources(names) == names


def test_a_folder_of_clips_is_its_clips(here: Path) -> None:
    make(here, "clips/b10.MP4", "clips/b2.mov", "clips/a.gif", "clips/.hidden.mp4")
    make(here, "clips/notes.txt", "clips/deeper/c.mp4")
    expected = [str(Path("clips") / name) for name in ("a.gif", "b2.mov", "b10.MP4")]
    assert expand_sources(["clips"]) == expected
    assert expand_sources([here / "clips"]) == [str(here / name) for name in expected]


def test_a_folder_of_pictures_is_one_source(here: Path) -> None:
    make(here, "frames/0.png", "frames/1.png", "frames/preview.gif")
    (here / "empty").mkdir()
    assert expand_sources(["frames", "empty"]) == ["frames", "empty"]


def test_clips_and_pictures_in_one_folder_are_refused(here: Path) -> None:
    make(here, "both/0.png", "both/a.mp4", "both/b.mp4")
    with pytest.raises(SourceError, match=r"2 clips and pictures; give 'both/\*\.mp4'"):
        expand_sources(["both"])


def test_a_pattern_is_what_it_matches(here: Path) -> None:
    make(here, "c/10.mp4", "c/9.mp4", "c/.x.mp4", "c/d/1.mp4", "c/e.png")
    join = os.path.join
    assert expand_sources(["c/*.mp4"]) == [join("c", "9.mp4"), join("c", "10.mp4")]
    assert expand_sources(["c/**/*.mp4"]) == [
        *(join("c", "9.mp4"), join("c", "10.mp4"), join("c", "d", "1.mp4"))
    ]
    assert expand_sources(["c/[19]*"]) == [join("c", "9.mp4"), join("c", "10.mp4")]


def test_a_pattern_without_a_match_is_refused(here: Path) -> None:
    with pytest.raises(SourceError, match="nothing matches"):
        expand_sources(["c/*.mp4"])


def test_a_name_that_looks_like_a_pattern_is_a_file(here: Path) -> None:
    make(here, "a[1].mp4", "a1.mp4", "[x]/b.mp4")
    assert expand_sources(["a[1].mp4"]) == ["a[1].mp4"]
    assert expand_sources(["[x]"]) == [os.path.join("[x]", "b.mp4")]


def test_results_of_earlier_runs_are_no_sources(here: Path) -> None:
    make(here, "c/a.mp4", "c/a_car/overlay.mp4", "c/a_car/.car-video/run.json")
    assert expand_sources(["c/*"]) == [os.path.join("c", "a.mp4")]
    assert expand_sources(["**/*.mp4"]) == [os.path.join("c", "a.mp4")]
    named = expand_sources(["c/a_car/*.mp4"])  # asked for by name
    assert named == [os.path.join("c", "a_car", "overlay.mp4")]


def test_each_file_once_and_in_the_order_given(here: Path) -> None:
    make(here, "c/a.mp4", "c/b.mp4", "d/a.mp4")
    found = expand_sources(["d/a.mp4", "c/b.mp4", "c", "./c/a.mp4"])
    assert [Path(name) for name in found] == [Path("d/a.mp4"), Path("c/b.mp4"), Path("c/a.mp4")]


def test_folders_named_like_cameras(here: Path) -> None:
    make(here, "webcam/0.png", "webcam:0/a.mp4")
    assert expand_sources(["webcam", "webcam:0", "webcam:1"]) == [
        *("webcam", os.path.join("webcam:0", "a.mp4"), "webcam:1")
    ]


def test_suffixes_are_in_lower_case() -> None:
    assert all(suffix == suffix.lower() for suffix in VIDEO_SUFFIXES)
