"""Several sources in one run."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from car_video.cli import opening
from car_video.cli import run as run_module
from car_video.cli.batch import unique_names
from car_video.errors import ModelError
from tests.cli.fakes import ASKED, COUNT, indices, results, visible
from tests.io.readers.media import numbered

OPTIONS = (*ASKED, "--save", "json")


@pytest.fixture
def clips(tmp_path, clip):
    """``a/c.mp4``, ``b/c.mp4`` and ``clips/`` with three files, of which one is damaged."""
    for place in ("a/c.mp4", "b/c.mp4", "clips/one.mp4", "clips/two.mp4", "clips/ten.mp4"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        shutil.copy(clip, tmp_path / place)
    return tmp_path


def predictions(folder: str | Path) -> dict:
    data = results(Path(folder))
    return {key: value for key, value in data.items() if key != "video"}


def test_each_source_has_a_folder_and_the_result_of_its_own_run(cli, clips):
    code, out, err = cli("a/c.mp4", "b/c.mp4", "clips/one.mp4", *OPTIONS)
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if " of 3" in line] == [
        "a/c.mp4 (1 of 3)",
        "b/c.mp4 (2 of 3)",
        "clips/one.mp4 (3 of 3)",
        "3 of 3 sources done",
    ]
    assert cli("a/c.mp4", *OPTIONS, "--out", "alone")[0] == 0
    for folder in ("a-c_car", "b-c_car", "one_car"):
        assert predictions(folder) == predictions("alone")


def test_a_folder_of_clips(cli, clips):
    code, out, _ = cli("clips", *OPTIONS)
    assert code == 0
    assert visible(Path("clips_car")) == ["one", "ten", "two"]
    assert "3 of 3 sources done" in out
    assert cli("clips", *OPTIONS)[0] == 0, "the next free name"
    assert visible(Path("clips_car-2")) == ["one", "ten", "two"]


@pytest.mark.parametrize("pattern", ["clips/*.mp4", "**/t*.mp4"])
def test_a_pattern(cli, clips, pattern):
    code, _, _ = cli(pattern, *OPTIONS, "--out", "found")
    assert code == 0
    assert {"ten", "two"} <= set(visible(Path("found")))


def test_a_picture_and_a_clip(cli, clips):
    Image.fromarray(numbered(1)).save("photo.png")
    assert cli("photo.png", "a/c.mp4", *OPTIONS)[0] == 0
    assert len(indices(Path("photo_car"))) == 1
    assert len(indices(Path("c_car"))) == COUNT


def test_one_that_fails_does_not_lose_the_others(cli, clips):
    Path("clips/ten.mp4").write_bytes(b"no video")
    code, out, err = cli("clips", *OPTIONS)
    assert code == 2
    assert visible(Path("clips_car")) == ["one", "two"]
    assert "2 of 3 sources done" in out
    lines = err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: clips/ten.mp4: ")
    assert lines[1].startswith("error: failed: clips/ten.mp4; --resume")


@pytest.mark.parametrize("again", ["--resume", "--overwrite"])
def test_a_batch_is_found_again_beside_a_folder_of_the_users(cli, clips, again):
    Path("clips_car").mkdir()
    Path("clips_car/mine.txt").write_text("mine", encoding="utf-8")
    assert cli("clips", *OPTIONS, "--max-frames", "1")[0] == 0
    code, out, err = cli("clips", *OPTIONS, "--max-frames", "2", again)
    assert (code, err) == (0, "")
    assert "written to clips_car-2/one" in out
    assert visible(Path("clips_car")) == ["mine.txt"]
    assert not Path("clips_car-3").exists()


def test_resume_goes_on_with_a_batch(cli, clips, loader):
    def before(frame):
        if len(loader.made) == 2 and frame.index == 4:
            os.kill(os.getpid(), signal.SIGINT)

    loader.before = before
    code, out, err = cli("clips", *OPTIONS)
    assert code == 130
    assert "interrupted; what is done is kept, go on with --resume" in err
    assert "1 of 3 sources done" in out
    loader.before = None
    loader.made.clear()
    code, out, _ = cli("clips", *OPTIONS, "--resume")
    assert code == 0
    assert "3 of 3 sources done" in out
    assert sorted(len(made.seen) for made in loader.made) == [0, COUNT - 4, COUNT]
    for name in ("one", "two", "ten"):
        assert indices(Path("clips_car") / name) == list(range(COUNT))


def test_the_model_is_loaded_once(clips, monkeypatch, capfd):
    from car_video import models
    from car_video.cli.app import main

    monkeypatch.chdir(clips)
    calls = []
    real = models.load_model
    monkeypatch.setattr(models, "load_model", lambda *a: calls.append(a) or real(*a))
    opening._load_models.cache_clear()
    options = "--refine none --size 64 --max-frames 1 --save json --device cpu".split()
    with pytest.raises(SystemExit) as end:
        main(["a/c.mp4", "b/c.mp4", "--expr", "a dog", *options])
    assert end.value.code == 0, capfd.readouterr().err
    assert calls == [("lite", "cpu")]


def test_what_would_fail_for_all_is_told_once(cli, clips, monkeypatch):
    def load(plan):
        raise ModelError("no weights")

    opening._load_models.cache_clear()
    monkeypatch.setattr(run_module, "load_segmenter", load)
    code, _, err = cli("clips", *OPTIONS)
    assert (code, err) == (2, "error: no weights\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a/c.mp4", "missing.mp4"], ["missing.mp4", "no such file", "quotes"]),
        (["a/c.mp4", "webcam:0"], ["webcam:0", "by itself"]),
        (["a/c.mp4", "b/c.mp4", "--out", "-"], ["--out -", "one source"]),
        (["clips", "--interactive"], ["--interactive", "one source"]),
        (["clips", "--out", "taken"], ["taken", "--resume"]),
        (["nothing/*.mp4"], ["nothing/*.mp4"]),
    ],
)
def test_what_is_wrong_from_the_beginning(cli, clips, loader, arguments, words):
    Path("taken/one").mkdir(parents=True)
    code, out, err = cli(*arguments, *ASKED)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert all(word in err for word in words), err
    assert loader.made == []


PARTS = st.text("abC.-_ ", min_size=1, max_size=4).filter(lambda t: t.strip(". "))
SOURCES = st.lists(
    st.builds(
        lambda folders, name, suffix: "/".join([*folders, name + suffix]),
        st.lists(PARTS, max_size=3),
        PARTS,
        st.sampled_from([".mp4", ".mov", ".MP4", ""]),
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(SOURCES)
def test_names_never_collide(sources):
    names = unique_names(sources)
    assert len({name.casefold() for name in names}) == len(sources)
    assert all(name and "/" not in name for name in names)


def test_names_say_where_the_source_was():
    assert unique_names(["x/a/c.mp4", "x/b/c.mp4", "d.mp4"]) == ["a-c", "b-c", "d"]
    assert unique_names(["c.mp4", "c.mov"]) == ["c-mp4", "c-mov"]
