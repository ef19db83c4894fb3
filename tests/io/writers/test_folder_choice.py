from pathlib import Path

import pytest

from car_video.errors import OutputError
from car_video.io.writers import (
    OutputFolder,
    check_output,
    default_folder,
    earlier_extent,
)
from tests.io.writers.media import info, prediction


def run(path, complete=True, **changes):
    folder = OutputFolder.open(path, info(**changes))
    folder.add(prediction(0))
    folder.close(complete)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_new_run_gets_a_free_name():
    assert default_folder("clip.mp4") == Path("clip_car")
    run("clip_car")
    assert default_folder("clip.mp4") == Path("clip_car-2")
    run("clip_car-2")
    Path("clip_car-3").symlink_to("nowhere")
    Path("clip_car-4").write_text("a file", encoding="utf-8")
    assert default_folder("clip.mp4") == Path("clip_car-5")
    check_output("clip_car-5")


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_an_existing_run_is_found(mode):
    assert default_folder("clip.mp4", mode) == Path("clip_car")
    run("clip_car-2")
    run("other_car")
    Path("clip_car").mkdir()  # no run of ours
    Path("clip_car-x").mkdir()
    assert default_folder("clip.mp4", mode) == Path("clip_car-2")
    run("clip_car-10")
    message = "there are runs in 'clip_car-2', 'clip_car-10'; say which is meant with --out"
    with pytest.raises(OutputError, match=message):
        default_folder("clip.mp4", mode)


def test_of_several_runs_the_one_that_was_stopped_is_resumed():
    run("clip_car")
    run("clip_car-2", complete=False)
    run("clip_car-3")
    assert default_folder("clip.mp4", "resume") == Path("clip_car-2")
    with pytest.raises(OutputError, match="say which"):  # deleting the wrong one is worse
        default_folder("clip.mp4", "overwrite")
    run("clip_car-4", complete=False)
    with pytest.raises(OutputError, match="say which"):
        default_folder("clip.mp4", "resume")


@pytest.mark.parametrize("name", ["dancer.mov", "a/dancer.MP4", "out.json", "x.png"])
def test_names_of_files_are_no_folders(name):
    hint = Path(name).with_suffix("")
    with pytest.raises(OutputError, match=rf"names a folder.*: --out {hint}$"):
        check_output(name)
    with pytest.raises(OutputError, match="names a folder"):
        check_output(name, "overwrite")
    assert list(Path().iterdir()) == []


def test_dots_in_names_are_not_suffixes_and_folders_that_are_there_are_folders():
    for name in ("results.v2", "take:2", "2024.05.01", ".hidden"):
        check_output(name)
    Path("clips.mov").mkdir()
    check_output("clips.mov", "resume")
    assert [path.name for path in Path().iterdir()] == ["clips.mov"]


def test_how_far_a_run_was_meant_to_go():
    assert earlier_extent(Path("none")) == (None, None)
    run("all")
    assert earlier_extent(Path("all")) == (None, None)
    run("part", end=2.5, max_frames=4)
    assert earlier_extent(Path("part")) == (2.5, 4)


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_the_folder_of_a_batch_is_the_one_that_holds_its_runs(mode):
    clips = ["one", "two"]
    Path("clips_car").mkdir()  # the user's
    Path("clips_car/mine.txt").write_text("mine", encoding="utf-8")
    run("clips_car/another")
    assert default_folder("clips", mode, clips) == Path("clips_car-2"), "the free name"
    run("clips_car-3/one")
    assert default_folder("clips", mode, clips) == Path("clips_car-3")
    run("clips_car-4/one")
    with pytest.raises(OutputError, match="runs in 'clips_car-3', 'clips_car-4'; say which"):
        default_folder("clips", mode, clips)


def test_of_several_batches_the_one_with_clips_to_do_is_resumed():
    clips = ["one", "two"]
    for folder in ("clips_car", "clips_car-2"):
        run(f"{folder}/one")
    run("clips_car/two")
    assert default_folder("clips", "resume", clips) == Path("clips_car-2"), "two is not there"
    run("clips_car-2/two", complete=False)
    assert default_folder("clips", "resume", clips) == Path("clips_car-2"), "two was stopped"


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_without_a_run_the_folder_of_the_user_is_left_alone(mode):
    Path("clip_car").mkdir()
    assert default_folder("clip.mp4", mode) == Path("clip_car-2")


def test_a_name_that_only_looks_like_a_home_folder():
    Path("~x.mp4").write_bytes(b"")
    assert default_folder("~x.mp4") == Path("~x_car")
    check_output("~nosuchuser/x")
