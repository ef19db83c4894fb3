"""The page with the bundled model makes the masks that its command makes."""

from __future__ import annotations

import json
import shlex
import shutil

import pytest

from car_video.cli.app import main
from car_video.io.readers import RandomAccessReader
from car_video.page.command import correction_files
from car_video.page.engine import Engine
from car_video.page.limits import Limits
from car_video.page.session import Session
from car_video.page.work import RunOptions
from tests.io.readers.media import write_video
from tests.paths import ROOT

pytestmark = pytest.mark.slow

FRAMES = range(44, 47)


@pytest.fixture
def session(tmp_path, upload, lite_default, mask_model):
    with RandomAccessReader(ROOT / "examples" / "person.mp4") as reader:
        images = [reader[index].image[::2, ::2] for index in FRAMES]
    path = write_video(tmp_path / "walk.mp4", images, crf="12")
    engine = Engine()
    engine.use(lite_default, mask_model)
    made = Session(engine, tmp_path / "session", Limits())
    made.open([shutil.copy(path, tmp_path / "upload" / "walk.mp4")])
    yield made
    made.close()


@pytest.fixture
def upload(tmp_path):
    (tmp_path / "upload").mkdir()


def done(job):
    job.wait(300)
    assert job.error is None


def test_the_copied_command_makes_the_same_masks(session, tmp_path, monkeypatch):
    session.add("a person")
    before = session.look(1)
    assert before.present.all()
    x, y, width, height = (int(v) for v in before.boxes()[0])
    session.box(2, 0, (x, y, width, height))
    session.click(2, 0, x + width / 2, y + height / 2, True)
    done(session.run(RunOptions("fast")))
    session.absent(0, 0)
    done(session.propagate())
    assert not session.shown(0).present[0]
    assert session.shown(2).present[0]

    monkeypatch.chdir(tmp_path)
    for name, data in correction_files(session.work).items():
        (tmp_path / name).write_bytes(data)
    for line in session.commands():
        with pytest.raises(SystemExit) as ended:
            main([*shlex.split(line)[1:], "--device", "cpu", "--quiet", "--save", "json"])
        assert ended.value.code == 0
    made = json.loads((tmp_path / "walk_car" / "predictions.json").read_text())["frames"]
    page = [json.loads(session.work.frames[index].line) for index in range(len(FRAMES))]
    assert [frame["objects"] for frame in made] == [frame["objects"] for frame in page]
