"""``car-video explain``: which frame, which answer, one-line errors."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from PIL import Image

from car_video import VideoSegmenter
from car_video.cli import explain as explain_module
from car_video.models import load_model  # noqa: F401 - torch is loaded before the timing
from tests.cli.fakes import COUNT, visible
from tests.io.readers.media import numbered
from tests.segment.colour_model import ColourModel
from tests.video.conftest import PLAIN

ASK = ("--expr", "a grey dog")


@pytest.fixture
def stepped(monkeypatch):
    """Frames that the segmenter was given; the model sees colours."""
    seen: list[int] = []

    class Segmenter(VideoSegmenter):
        def step(self, frame):
            seen.append(frame.index)
            return super().step(frame)

    def load(plan):
        return Segmenter(ColourModel(), plan.expressions, PLAIN, plan.config.video), [
            "a remark"
        ]

    monkeypatch.setattr(explain_module, "load_segmenter", load)
    return seen


def test_the_run_up_to_the_frame_counts(cli, clip, tmp_path, stepped):
    code, out, err = cli("explain", clip, *ASK, "--frame", 5)
    assert code == 0, err
    assert stepped == [0, 1, 2, 3, 4, 5]
    assert "frame 5 (" in out
    assert "a grey dog: " in out
    assert "written to clip_00005_why.png" in out
    assert "a remark" in err
    with Image.open(tmp_path / "clip_00005_why.png") as picture:
        assert picture.width == 1600


def test_alone_only_the_frame_counts(cli, clip, stepped):
    code, out, _ = cli("explain", clip, *ASK, "--at", "0.5", "--alone", "--out", "a.jpg")
    assert (code, stepped) == (0, [])
    assert "frame 5 (0.50 s)" in out


def test_stride_and_start_are_those_of_the_run(cli, clip, stepped):
    options = ("--start", "0.2", "--stride", 3, "--out", "a.png")
    assert cli("explain", clip, *ASK, "--frame", 8, *options)[0] == 0
    assert stepped == [2, 5, 8]
    code, _, err = cli("explain", clip, *ASK, "--frame", 7, *options, "--overwrite")
    assert code == 2
    assert "does not take frame 7" in err


def test_presence_is_assumed_as_in_the_run(cli, clip, stepped, monkeypatch):
    assumed, load = [], explain_module.load_segmenter

    def noted(plan):
        assumed.append(plan.config.segment.assume_present)
        return load(plan)

    monkeypatch.setattr(explain_module, "load_segmenter", noted)
    for more in ((), ("--assume-present", "--overwrite")):
        assert cli("explain", clip, *ASK, "--frame", 0, *more)[0] == 0
    assert assumed == [False, True]


def test_a_picture_needs_no_frame(cli, tmp_path, stepped):
    Image.fromarray(numbered(1)).save(tmp_path / "a.png")
    code, out, _ = cli("explain", "a.png", *ASK, "--json")
    assert code == 0
    record = json.loads(out)
    assert record["picture"] == "a_00000_why.png"
    assert record["expressions"][0]["expression"] == "a grey dog"
    assert visible(tmp_path) == ["a.png", "a_00000_why.png"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say of what"),
        (("clip", *ASK), "say which frame"),
        (("clip", *ASK, "--frame", 99), f"no frame 99; the last one is frame {COUNT - 1}"),
        (("clip", *ASK, "--at", "9"), "no frame from 9 s on"),
        (("clip", *ASK, "--frame", -1), "counts from 0"),
        (("clip", *ASK, "--frame", 1, "--at", "0:00"), "give one"),
        (("clip", *ASK, "--frame", "x"), "want a whole number"),
        (("clip", "--frame", 1), "--expr"),
        (("clip", *ASK, "--frame", 1, "--out", "a.txt"), ".png"),
        (("clip", *ASK, "--frame", 1, "--out", "no/a.png"), "no folder"),
        (("clip", *ASK, "--frame", 1, "--out", "there.png"), "is there already"),
        (("clip", *ASK, "--frame", 1, "--preset", "x"), "preset"),
        (("nothing.mp4", *ASK, "--frame", 1), "nothing.mp4"),
        (("clip", *ASK, "--frme", 1), "did you mean --frame?"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_computed(
    cli, clip, tmp_path, stepped, arguments, said
):
    (tmp_path / "there.png").touch()
    given = [clip if argument == "clip" else argument for argument in arguments]
    code, out, err = cli("explain", *given)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert stepped == []
    assert visible(tmp_path) == ["there.png"]


@pytest.mark.parametrize("ask", [("clip", "--at", "0.5"), ("a.png",)])
def test_a_picture_that_is_there_is_told_before_anything_is_computed(
    cli, clip, tmp_path, monkeypatch, ask
):
    monkeypatch.setattr(explain_module, "load_segmenter", None)
    Image.fromarray(numbered(1)).save(tmp_path / "a.png")
    (tmp_path / "clip_00005_why.png").touch()
    (tmp_path / "a_00000_why.png").touch()
    given = [clip if argument == "clip" else argument for argument in ask]
    code, _, err = cli("explain", *given, *ASK)
    assert code == 2
    assert "_why.png' is there already" in err


def test_a_camera_is_refused(cli, monkeypatch, stepped):
    class Camera:
        info = SimpleNamespace(live=True, source="webcam:0")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(explain_module, "open_reader", lambda plan: Camera())
    code, _, err = cli("explain", "webcam:0", *ASK, "--frame", 1)
    assert code == 2
    assert "webcam:0 is live" in err
