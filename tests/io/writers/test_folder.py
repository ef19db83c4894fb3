import json
import os
from pathlib import Path

import numpy as np
import pytest

from car_video.errors import OutputError
from car_video.io.writers import OutputFolder, check_output, default_folder, earlier_extent
from tests.io.writers.media import info, prediction, tree

DIGESTS = ".car-video/digests.json"
RUN = ".car-video/run.json"
FINISHED = ".car-video/finished.jsonl"
JOURNAL = ".car-video/journal.jsonl"


def finished(out, frames=3, complete=True, results=True, **changes):
    folder = OutputFolder.open(out, info(**changes), options={"refine": "sam"})
    for index in range(frames):
        folder.add(prediction(index))
    if results:
        folder.write_predictions()
    folder.close(complete)
    return out


def resume(out, options=None, **changes):
    return OutputFolder.open(out, info(**changes), "resume", options or {"refine": "sam"})


def test_a_complete_run_leaves_its_record_and_no_working_files(tmp_path):
    path = finished(tmp_path / "deep" / "out")
    assert tree(path) == [DIGESTS, RUN, "predictions.json"]
    assert len(json.loads((path / "predictions.json").read_bytes())["frames"]) == 3


@pytest.mark.parametrize("filled", [False, True])
def test_an_existing_folder_needs_resume_or_overwrite(tmp_path, filled):
    path = tmp_path / "out"
    if filled:
        finished(path)
    else:
        path.mkdir()
    before = tree(path)
    for attempt in (check_output, lambda p: OutputFolder.open(p, info())):
        with pytest.raises(OutputError, match=r"exists; --resume .*--overwrite .*--out"):
            attempt(path)
    assert tree(path) == before
    for mode in ("resume", "overwrite"):
        check_output(path, mode)


@pytest.mark.parametrize("mode", ["new", "resume", "overwrite"])
def test_modes_make_a_folder_that_is_not_there(tmp_path, mode):
    check_output(tmp_path / "out", mode)
    assert not (tmp_path / "out").exists()  # looking changes nothing
    folder = OutputFolder.open(tmp_path / "out", info(), mode)
    assert dict(folder.done) == {}
    assert tree(tmp_path / "out") == [JOURNAL, RUN]


@pytest.mark.parametrize("mode", ["new", "resume", "overwrite"])
def test_a_file_in_the_place_of_the_folder(tmp_path, mode):
    (tmp_path / "out").write_text("mine")
    for path in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(OutputError, match=r"is a file, not a folder|Not a directory"):
            OutputFolder.open(path, info(), mode)
    assert (tmp_path / "out").read_text() == "mine"


def test_unwritable_folders(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    if os.access(locked, os.W_OK):
        if not Path("/proc").is_dir():
            pytest.skip("this user may write everywhere")
        locked = Path("/proc")  # where not even root can make a folder
        with pytest.raises(OutputError, match=r"cannot write|no permission"):
            OutputFolder.open(locked / "out", info())
    else:
        with pytest.raises(OutputError, match="no permission"):
            check_output(locked / "out")


def test_permission_is_asked_before_anything_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="no permission to write in"):
        OutputFolder.open(tmp_path / "out", info())
    assert list(tmp_path.iterdir()) == []


def test_overwrite_deletes_what_is_ours_and_nothing_else(tmp_path):
    path = finished(tmp_path / "out", complete=False)
    ours = ["overlay.mp4", "cutout.webm", "sheet.png", ".overlay.mp4.part", "masks/00000.png",
            "masks/123456.png", "masks/.00001.png.part", "cutout/00000.png"]  # fmt: skip
    foreign = ["notes.txt", "overlay.mov", "masks/readme.txt", "masks/0.png", "masks/abcde.png",
               "masks/deep/00000.png", "other/00000.png", ".car-video/mine"]  # fmt: skip
    for name in ours + foreign:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    folder = OutputFolder.open(path, info(), "overwrite")
    assert dict(folder.done) == {}
    assert tree(path) == sorted([*foreign, RUN, JOURNAL])


def test_overwrite_does_not_follow_links(tmp_path):
    path = finished(tmp_path / "out")
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "00000.png").write_text("mine")
    (path / "masks").symlink_to(treasure)
    (path / "overlay.mp4").symlink_to(treasure / "00000.png")
    OutputFolder.open(path, info(), "overwrite")
    assert (treasure / "00000.png").read_text() == "mine"
    assert not (path / "overlay.mp4").is_symlink()


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_foreign_files_with_our_names_are_not_touched(tmp_path, mode):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "00000.png").write_text("somebody's annotation")
    with pytest.raises(OutputError, match=r"masks/00000\.png' is in the way.*no record"):
        OutputFolder.open(tmp_path, info(), mode)
    assert tree(tmp_path) == ["masks/00000.png"]


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_a_foreign_folder_without_our_names_is_shared(tmp_path, mode):
    (tmp_path / "clip.mp4").write_text("the video")
    OutputFolder.open(tmp_path, info(), mode)
    assert tree(tmp_path) == [JOURNAL, RUN, "clip.mp4"]


@pytest.mark.parametrize("complete", [True, False])
def test_resume_finds_what_is_done(tmp_path, complete):
    path = finished(tmp_path / "out", complete=complete)
    folder = resume(path)
    assert sorted(folder.done) == [0, 1, 2]
    np.testing.assert_array_equal(folder.done[2].masks, prediction(2).masks)
    folder.add(prediction(3))
    folder.write_predictions()
    folder.close(complete=True)
    assert tree(path) == [DIGESTS, RUN, "predictions.json"]
    data = json.loads((path / "predictions.json").read_bytes())
    assert [f["index"] for f in data["frames"]] == [0, 1, 2, 3]
    assert data["video"]["frames"] == 4


def test_resume_of_a_complete_run_without_json_knows_its_frames(tmp_path):
    path = finished(tmp_path / "out", results=False)
    assert tree(path) == [FINISHED, RUN]
    folder = resume(path)
    assert sorted(folder.done) == [0, 1, 2]
    folder.write_predictions()
    folder.close(complete=True)
    assert tree(path) == [DIGESTS, RUN, "predictions.json"]


def test_frames_that_an_older_json_does_not_have_are_kept(tmp_path):
    path = finished(tmp_path / "out")
    folder = resume(path)
    folder.add(prediction(3))
    folder.close(complete=True)  # without json
    assert tree(path) == [DIGESTS, FINISHED, RUN, "predictions.json"]
    assert sorted(resume(path).done) == [0, 1, 2, 3]


@pytest.mark.parametrize("results", [True, False])
def test_masks_without_a_record_of_their_frames_are_not_written_over(tmp_path, results):
    path = finished(tmp_path / "out", results=results)
    (path / "masks").mkdir()
    (path / "masks" / "00000.png").write_text("edited")
    (path / ("predictions.json" if results else FINISHED)).unlink()
    with pytest.raises(OutputError, match=r"has masks, but no predictions\.json any more"):
        check_output(path, "resume")
    check_output(path, "overwrite")


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("less", [{"max_frames": 2}, {"end": 0.08}])
def test_resume_makes_no_run_shorter(tmp_path, less, complete):
    path = finished(tmp_path / "out", complete=complete)
    before = tree(path)
    with pytest.raises(OutputError, match="has 3 frames already, more than is asked for"):
        resume(path, **less)
    assert tree(path) == before
    assert earlier_extent(path) == (None, None)
    assert len(resume(path, max_frames=3, end=0.081).done) == 3
    assert earlier_extent(path) == (0.081, 3)


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"source": "other.mp4"}, None, r"differs in source \(another one\);"),
        ({"model": "clip-b16"}, None, "differs in model;"),
        ({"expressions": ("the dog",)}, None, "differs in expressions;"),
        ({"width": 128}, None, "differs in picture size;"),
        ({}, {"refine": "crf"}, "differs in --refine;"),
        ({}, {"stride": 2, "refine": "sam"}, "differs in --stride;"),
        ({"model": "x", "width": 1}, {"a": 1, "refine": "sam"}, "picture size, model, a;"),
        ({}, {"assume present": True, "refine": "sam"}, "differs in --assume-present;"),
    ],
)
def test_resume_refuses_another_run(tmp_path, changes, options, message):
    path = finished(tmp_path / "out", complete=False)
    before = tree(path)
    with pytest.raises(OutputError, match=message):
        resume(path, options, **changes)
    assert tree(path) == before


def test_resume_takes_the_same_video_by_another_path_but_not_another_video(tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"12345")
    path = finished(tmp_path / "out", path=str(clip))
    resume(path, path=os.path.relpath(clip)).close(complete=False)
    clip.write_bytes(b"a longer video")
    with pytest.raises(OutputError, match=r"differs in source \(5 bytes then, 14 now\)"):
        resume(path, path=str(clip))


def test_resume_compares_options_as_json(tmp_path):
    OutputFolder.open(tmp_path / "out", info(), options={"sizes": (1, 2)}).add(prediction(0))
    again = OutputFolder.open(tmp_path / "out", info(), "resume", {"sizes": [1, 2]})
    assert len(again.done) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [("options", []), ("source", None), ("end", "x"), ("max_frames", 1.5), ("results", "a")],
)
def test_a_record_with_values_of_other_types_is_damaged(tmp_path, key, value):
    path = finished(tmp_path / "out")
    record = json.loads((path / RUN).read_text())
    (path / RUN).write_text(json.dumps({**record, key: value}))
    for attempt in (resume, earlier_extent):
        with pytest.raises(OutputError, match=r"run\.json' is damaged or of another version"):
            attempt(path)


@pytest.mark.parametrize("record", ["", "[]", '{"format": 99}'])
def test_a_damaged_record_is_told(tmp_path, record):
    path = finished(tmp_path / "out")
    (path / RUN).write_text(record)
    with pytest.raises(OutputError, match=r"run\.json' is damaged or of another version"):
        resume(path)
    OutputFolder.open(path, info(), "overwrite")


def test_changed_results_are_told(tmp_path):
    path = finished(tmp_path / "out")
    (path / "predictions.json").write_text("{}")
    with pytest.raises(OutputError, match="not what car-video writes any more"):
        resume(path)


def test_leftovers_of_a_killed_run_go(tmp_path):
    path = finished(tmp_path / "out", complete=False)
    (path / "masks").mkdir()
    for name in (".overlay.mp4.part", "masks/.00007.png.part", "masks/00006.png"):
        (path / name).write_text("half")
    resume(path)
    assert tree(path) == [DIGESTS, JOURNAL, RUN, "masks/00006.png", "predictions.json"]


def test_a_run_without_frames_leaves_no_folder(tmp_path):
    folder = OutputFolder.open(tmp_path / "out", info())
    folder.close(complete=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    OutputFolder.open(tmp_path / "out", info(), "overwrite").close(complete=False)
    assert (tmp_path / "out" / "mine").exists()  # not made by us, so not removed


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/videos/clip.mp4", "clip_car"),
        ("my clip.v2.mov", "my clip.v2_car"),
        ("frames", "frames_car"),
        ("webcam:0", "webcam_0_car"),
        ("rtsp://user:secret@cam.example:554/live?token=1", "cam.example_554_live_car"),
        ("http://example.org/a%20b.mp4", "example.org_a_20b.mp4_car"),
        ("видео.mp4", "видео_car"),
        ("C:/clip.mp4", "clip_car"),
        ("/", "video_car"),
        ("~no such user.mp4", "~no such user_car"),
    ],
)
def test_default_folder(source, name):
    assert default_folder(source) == Path(name)


def test_default_folder_of_folders(tmp_path, monkeypatch):
    (tmp_path / "frames.v2").mkdir()
    assert default_folder(str(tmp_path / "frames.v2")) == Path("frames.v2_car")
    monkeypatch.chdir(tmp_path / "frames.v2")
    assert default_folder(".") == Path("frames.v2_car")
