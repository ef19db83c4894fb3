"""A project is saved and opened again; a zip that is none does no harm."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from car_video.corrections import Correction
from car_video.errors import CarVideoError, ExpressionError, OutputError, SourceError
from car_video.io.exports import open_run
from car_video.page.limits import Limits
from car_video.page.session import Session
from car_video.page.views import view_of
from car_video.page.work import HandMade, RunOptions
from tests.io.readers.media import write_video
from tests.page.fakes import FakeEngine


@pytest.fixture
def worked(session):
    """A session with a run, a correction that was carried on, and one that was not."""
    session.add("the dog")
    session.add('the "cat"')
    session.run(RunOptions("default", start=0.1, assume_present=True)).wait(20)
    session.absent(3, 0)
    session.propagate().wait(20)
    session.absent(6, 1)
    return session


@pytest.fixture
def fresh(tmp_path):
    made = Session(FakeEngine(), tmp_path / "fresh", Limits())
    yield made
    made.close()


def test_a_project_opened_again_is_as_it_was(worked, fresh):
    project = worked.save()
    assert project.name == "clip_project.zip"
    fresh.open([project])
    before, after = worked.work, fresh.work
    assert after.expressions == before.expressions
    assert after.options == before.options
    assert after.complete
    assert after.frames == before.frames
    assert after.corrected == before.corrected == ((3, 0),)
    assert list(after.pending) == [(6, 1)]
    assert fresh.commands() == worked.commands()
    np.testing.assert_array_equal(fresh.frame(5).image, worked.frame(5).image)
    assert fresh.settings.preset == "default"


def test_clicks_and_a_box_are_shown_again(worked, fresh):
    mask = np.zeros((*worked.frame(2).image.shape[:2],), bool)
    mask[4:9, 4:9] = True
    points, box = ((5.0, 6.5, True), (20.0, 3.0, False)), (4.0, 4.0, 5.0, 5.0)
    clicked = HandMade(Correction(2, 0, mask=mask), points, box)
    worked.put(worked.work.with_pending((2, 0), clicked))
    fresh.open([worked.save()])
    again = fresh.work.pending[2, 0]
    assert (again.points, again.box) == (points, box)
    np.testing.assert_array_equal(again.correction.mask, mask)
    fresh.current = 2
    stage = view_of(fresh).stage
    assert stage.count('class="mark') == 2
    assert 'class="box"' in stage


@pytest.mark.parametrize(
    "about",
    [
        {"options": {"preset": 3}},
        {"options": {"preset": "fast", "stride": "two"}},
        {"options": {"preset": "fast", "stride": True}},
        {"options": {"preset": "fast", "stride": 0}},
        {"options": {"preset": "fast", "start": [1]}},
        {"options": {"preset": "fast", "start": 2, "end": 1}},
        {"options": {"preset": "fast", "end": float("nan")}},
        {"options": {"preset": "fast", "colour": 1}},
        {"options": {"preset": "fast", "assume_present": 1}},
        {"options": [1]},
        {"options": None},
        {"complete": "no"},
        {"expressions": ["the dog", 7]},
        {"expressions": ["the dog", "the dog"]},
        {"expressions": "the dog"},
        {"format": 2},
    ],
)
def test_a_project_whose_values_are_of_other_kinds_is_told(worked, fresh, tmp_path, about):
    project = worked.save()
    with zipfile.ZipFile(project) as archive:
        known = json.loads(archive.read("project.json"))
    text = json.dumps(known | about)
    with pytest.raises(CarVideoError) as told:
        fresh.open([changed(project, tmp_path / "bad.zip", **{"project.json": text})])
    assert "\n" not in str(told.value)
    assert fresh.clip is None
    assert list(fresh.folder.iterdir()) == []


@pytest.mark.parametrize(
    "entry", [{"frame": 99}, {"points": [[500, 5, True]], "absent": False}]
)
@pytest.mark.parametrize("part", ["pending.json", "corrections-1.json"])
def test_corrections_of_another_clip_are_told(worked, fresh, tmp_path, entry, part):
    one = {"frame": 3, "query": 0, "absent": True} | entry
    text = json.dumps({"corrections": [one]})
    with pytest.raises(OutputError, match="or it is damaged"):
        fresh.open([changed(worked.save(), tmp_path / "bad.zip", **{part: text})])


def test_answers_of_another_clip_are_told(worked, fresh, tmp_path, clip_file):
    small = write_video(tmp_path / "small.mp4", [np.zeros((16, 16, 3), np.uint8)] * 12)
    other = changed(
        worked.save(), tmp_path / "b.zip", **{"source/clip.mp4": small.read_bytes()}
    )
    with pytest.raises(OutputError, match="or it is damaged"):
        fresh.open([other])


def test_a_project_without_a_run(session, fresh):
    session.add("the dog")
    fresh.open([session.save()])
    assert fresh.work.expressions == ("the dog",)
    assert not fresh.work.frames


def test_an_unpacked_project_is_a_run_for_convert(worked, tmp_path):
    with zipfile.ZipFile(worked.save()) as archive:
        archive.extractall(tmp_path / "out")
    assert len(open_run(tmp_path / "out").entries) == 11


def changed(project, path, **parts):
    """A copy with other parts."""
    with zipfile.ZipFile(project) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, data in parts.items():
            if data is not None:
                new.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "parts",
    [
        {"project.json": None},
        {"project.json": b"{}"},
        {"project.json": b"[1]"},
        {"project.json": b"\xff"},
        {"predictions.json": b"{}"},
        {"corrections-1.json": b"no JSON"},
        {"source/clip.mp4": None},
    ],
)
def test_a_damaged_project_is_told_and_changes_nothing(worked, fresh, tmp_path, parts):
    file = changed(worked.save(), tmp_path / "bad.zip", **parts)
    with pytest.raises(CarVideoError) as told:
        fresh.open([file])
    assert "\n" not in str(told.value)
    assert fresh.clip is None
    assert list(fresh.folder.iterdir()) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_project_damaged_within_is_told(fresh, tmp_path, method):
    file = tmp_path / "bad.zip"
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("project.json", bytes(range(256)) * 40)
    data = bytearray(file.read_bytes())
    data[45:90] = b"\xff" * 45
    file.write_bytes(data)
    with pytest.raises(OutputError, match="or it is damaged"):
        fresh.open([file])
    assert list(fresh.folder.iterdir()) == []


@pytest.mark.parametrize(("at", "value"), [(8, 1), (10, 77)])
def test_a_project_packed_in_a_foreign_way_is_told(worked, fresh, tmp_path, at, value):
    """Encrypted, or by a method that is not known."""
    file = changed(worked.save(), tmp_path / "bad.zip")
    data = bytearray(file.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + at] = data[at - 2] = value
    file.write_bytes(data)
    with pytest.raises(OutputError, match="or it is damaged"):
        fresh.open([file])


def test_a_project_of_as_many_pictures_as_the_page_takes_opens_again(tmp_path):
    small = Session(FakeEngine(), tmp_path / "small", Limits(pictures=2))
    for name in ("a.png", "b.png"):
        Image.new("RGB", (32, 24)).save(tmp_path / name)
    small.open([tmp_path / "a.png", tmp_path / "b.png"])
    small.add("the dog")
    small.run(RunOptions("default")).wait(20)
    for frame in (0, 1) * 6:  # a file of corrections each
        small.absent(frame, 0)
        small.propagate().wait(20)
    project = small.save()
    more = changed(project, tmp_path / "more.zip", **{"source/pictures/c.png": b"1"})
    small.open([project])
    assert len(small.work.steps) == 12
    with pytest.raises(SourceError, match="3 pictures"):
        small.open([more])
    small.close()


def test_a_project_keeps_the_limit_of_expressions(worked, tmp_path):
    small = Session(FakeEngine(), tmp_path / "small", Limits(expressions=1))
    with pytest.raises(ExpressionError, match="up to 1 things"):
        small.open([worked.save()])
    assert list(small.folder.iterdir()) == []
    small.close()


def test_a_project_leaves_its_folder_nowhere(worked, fresh, tmp_path):
    evil = {"../evil.txt": b"1", "/evil.txt": b"1", "source/../../evil.txt": b"1"}
    evil |= {"source/pictures/../../../evil.txt": b"1", "source/x/evil.txt": b"1"}
    fresh.open([changed(worked.save(), tmp_path / "evil.zip", **evil)])
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_project_named_elsewhere_stays_inside(worked, fresh, tmp_path):
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"secret")
    project = worked.save()
    with zipfile.ZipFile(project) as archive:
        about = json.loads(archive.read("project.json"))
    about["source"] = "../../../secret.mp4"
    file = changed(project, tmp_path / "b.zip", **{"project.json": json.dumps(about)})
    with pytest.raises(CarVideoError):
        fresh.open([file])


def test_a_zip_that_grows_is_stopped(worked, tmp_path):
    small = Session(FakeEngine(), tmp_path / "small", Limits(megabytes=1))
    bomb = {"pending.json": b"0" * 3_000_000}
    project = worked.save()
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in bomb.items():
            archive.writestr(name, data)
    with pytest.raises(SourceError, match="takes up to 1 MB"):
        small.open([tmp_path / "bomb.zip"])
    assert project.exists()
    small.close()
