"""README's examples, taken from its own text."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import car_video
from tests.cli.fakes import FakeSegmenter
from tests.io.readers.media import numbered, write_video

README, PYTHON = (
    (Path(__file__).parents[2] / name).read_text("utf-8")
    for name in ("README.md", "docs/api.md")
)
STAY_OPEN = ("webcam:0", "ui")  # until the user ends them


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands() -> list[list[str]]:
    lines = "".join(blocks("sh")).replace("&&", "\n").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[1:] for line in words if line[:1] == ["car-video"]]


@pytest.fixture
def sources(tmp_path):
    """Everything that the examples name but the camera."""
    for folder in ("examples", "clips", "photos"):
        (tmp_path / folder).mkdir()
    video = write_video(tmp_path / "clip.mp4", [numbered(n) for n in range(24)])
    for copy in ("examples/person.mp4", "clips/one.mp4", "clips/two.mp4"):
        shutil.copy(video, tmp_path / copy)
    Image.fromarray(numbered(1)).save(tmp_path / "photos" / "a.png")


def test_a_visitor_reads_it_in_a_minute():
    assert len(README.splitlines()) <= 90
    shown = re.findall(r"!\[[^]]*\]\(([^)]*)\)", README)
    sizes = [(Path(__file__).parents[2] / name).stat().st_size for name in shown]
    assert sizes
    assert max(sizes) < 1_500_000


def test_the_commands_work_pasted_line_by_line(cli, sources, tmp_path):
    lines = [line for line in commands() if line[0] not in STAY_OPEN]
    assert len(lines) == 4
    for line in lines:
        code, _, err = cli(*line)
        assert (code, err) == (0, ""), line
    made = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert made == {"examples", "clips", "photos", "person_car", "dog", "clips_car"}
    assert (tmp_path / "dog" / "matte.mov").is_file()
    assert (tmp_path / "clips_car" / "one" / "coco.json").is_file()


def test_the_options_of_the_camera_are_known(cli, sources, monkeypatch):
    (line,) = (line for line in commands() if line[0] == "webcam:0")
    line.remove("--show")
    code, _, err = cli("clip.mp4", *line[1:], "--out", "camera")
    assert (code, err) == (0, "")


def test_the_python_examples(sources, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = []

    class Segmenter(FakeSegmenter):
        def __init__(self, model, expressions, preset=None):
            assert isinstance(preset, car_video.Config | None)
            super().__init__(tuple(expressions))
            made.append(self)

        def step(self, image):
            if isinstance(image, np.ndarray):
                assert image[0, 0].tolist() == [3, 2, 1], "RGB"
                image = car_video.Frame(99, 99.0, image)
            return super().step(image)

    monkeypatch.setattr(car_video, "VideoSegmenter", Segmenter)
    monkeypatch.setattr(car_video, "load_model", str)
    cv2 = ModuleType("cv2")
    cv2.COLOR_BGR2RGB = 4
    cv2.cvtColor = lambda image, code: image[:, :, ::-1]
    monkeypatch.setitem(sys.modules, "cv2", cv2)
    bgr = np.full((4, 4, 3), (1, 2, 3), np.uint8)
    names = {"cv2": cv2, "bgr": bgr}
    for block in blocks("python") + blocks("python", PYTHON):
        exec(block, names)
    assert [one.seen for one in made] == [[*range(24)], [*range(24), 99]]
