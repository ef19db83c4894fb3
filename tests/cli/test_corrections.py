"""``--corrections``, and edited files: what changes is computed again and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from car_video.cli import run as run_module
from car_video.io.formats import from_frame_dict
from car_video.types import FramePrediction
from car_video.video.correction import propagation
from car_video.video.segmenter import VideoSegmenter
from tests.cli.fakes import results
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.colour_sam import ColourSam
from tests.video.conftest import SIZE, WITH_SAM
from tests.video.correction.scenes import GREEN_BOX, story

COUNT = 8
ASKED = ("--expr", "a red ball", "--save", "masks,json")
OUT = Path("clip_car")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures") / "clip"
    folder.mkdir()
    for number in range(COUNT):
        image = Image.fromarray(conftest.frame(number).image)
        image.save(folder / f"{number:03}.png")
    return folder


class Models:
    """Loads segmenters that see colours; notes the frames that language and corrections see."""

    def __init__(self) -> None:
        self.config = WITH_SAM
        self.seen: list[int] = []
        self.carried: list[int] = []

    def __call__(self, plan):
        segmenter = VideoSegmenter(
            ColourModel(), plan.expressions, self.config, plan.config.video
        )
        real = segmenter._paced
        segmenter._paced = lambda frame: self.seen.append(frame.index) or real(frame)
        return segmenter, []


@pytest.fixture
def models(monkeypatch, colour_sam: ColourSam) -> Models:
    made = Models()
    monkeypatch.setattr(run_module, "load_segmenter", made)
    real = propagation.see
    for module in ("propagation", "corrector"):
        monkeypatch.setattr(
            f"car_video.video.correction.{module}.see",
            lambda image, frame: made.carried.append(frame.index) or real(image, frame),
        )
    return made


@pytest.fixture
def colour_sam(monkeypatch) -> ColourSam:
    sam = ColourSam()
    monkeypatch.setattr("car_video.segment.segmenter.load_mask_model", lambda *_: sam)
    return sam


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "clip_car"


@pytest.fixture
def done(cli, models: Models, clip: Path, kept: Path) -> None:
    """A run of the clip that is done, in its folder; made once and copied."""
    if kept.exists():
        shutil.copytree(kept, OUT)
    else:
        assert cli(clip, *ASKED)[0] == 0
        shutil.copytree(OUT, kept)
    models.seen, models.carried = [], []


def predictions(folder: Path = OUT) -> list[FramePrediction]:
    found = results(folder)
    return [from_frame_dict(entry, found["expressions"]) for entry in found["frames"]]


def files(folder: Path) -> dict[str, bytes]:
    found = (p for p in folder.rglob("*") if p.is_file() and ".car-video" not in p.parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


def correct(*entries: dict, name: str = "fix.json") -> Path:
    Path(name).write_text(json.dumps({"corrections": list(entries)}), encoding="utf-8")
    return Path(name)


OTHER = {"frame": 2, "query": "a red ball", "box": list(GREEN_BOX)}


def test_a_run_that_is_done(cli, models, clip, done) -> None:
    code, out, err = cli(clip, *ASKED, "--resume", "--corrections", correct(OTHER))
    assert (code, err) == (0, "")
    assert "1 correction taken in; 7 other frames changed, 7 frames computed again" in out
    assert story(predictions()) == "g" * COUNT
    assert models.seen == []
    for one in predictions():
        image = np.asarray(Image.open(OUT / "masks" / f"{one.index:05}.png"))
        np.testing.assert_array_equal(image > 0, one.masks[0])


def test_a_new_run_gives_the_same(cli, models, clip, done) -> None:
    fix = correct(OTHER, {"frame": 7, "query": 0, "absent": True})
    assert cli(clip, *ASKED, "--resume", "--corrections", fix)[0] == 0
    models.seen = []
    code, out, _ = cli(clip, *ASKED, "--corrections", fix, "--out", "new")
    assert code == 0
    assert models.seen == list(range(COUNT))
    assert "2 corrections taken in" in out
    assert out.count("written to") == 1
    assert files(OUT) == files(Path("new"))
    assert story(predictions()) == "ggggg---"


def test_a_stopped_run_goes_on_first(cli, models, clip) -> None:
    assert cli(clip, *ASKED, "--max-frames", 4)[0] == 0
    (OUT / ".car-video" / "journal.jsonl").touch()  # as a run leaves it that was stopped
    fix = correct(OTHER)
    code, _, _ = cli(clip, *ASKED, "--resume", "--max-frames", COUNT, "--corrections", fix)
    assert code == 0
    assert story(predictions()) == "g" * COUNT


def test_one_after_the_other(cli, models, clip, done) -> None:
    cli(clip, *ASKED, "--resume", "--corrections", correct(OTHER))
    again = correct({"frame": 6, "query": 0, "absent": True})
    assert cli(clip, *ASKED, "--resume", "--corrections", again)[0] == 0
    assert story(predictions()) == "ggggg---"


def test_the_same_once_more_changes_nothing(cli, models, clip, done) -> None:
    cli(clip, *ASKED, "--resume", "--corrections", correct(OTHER))
    before = files(OUT)
    assert cli(clip, *ASKED, "--resume", "--corrections", correct(OTHER))[0] == 0
    assert files(OUT) == before


def later(path: Path, seconds: int = 10) -> None:
    time = path.stat().st_mtime + seconds
    os.utime(path, (time, time))


def paint(number: int, part: tuple[slice, slice], value: int = 1) -> None:
    path = OUT / "masks" / f"{number:05}.png"
    with Image.open(path) as image:
        palette, labels = image.getpalette(), np.array(image)
    labels[:] = 0
    labels[part] = value
    edited = Image.fromarray(labels)
    edited.putpalette(palette)
    edited.save(path)
    later(path)


@pytest.mark.parametrize("targets", ["masks,json", "overlay"])
def test_an_edited_mask_is_a_correction(cli, models, clip, done, targets: str) -> None:
    part = (slice(40, 59), slice(60, 84))
    paint(5, part)
    code, out, _ = cli(clip, *ASKED[:2], "--save", targets, "--resume")
    assert code == 0
    assert "1 frame edited by hand taken in; 7 other frames changed, 7 frames" in out
    code, out, _ = cli(clip, *ASKED, "--resume")  # it is no edit any more
    assert (code, "edited by hand" in out) == (0, False)
    assert story(predictions()) == "g" * COUNT
    wanted = np.zeros(SIZE, bool)
    wanted[part] = True
    np.testing.assert_array_equal(predictions()[5].masks[0], wanted)


def test_an_erased_mask_is_absent(cli, models, clip, done) -> None:
    paint(5, (slice(0, 0), slice(0, 0)))
    assert cli(clip, *ASKED, "--resume")[0] == 0
    assert story(predictions()) == "-" * COUNT


def test_a_small_edit_changes_its_frame_alone(cli, models, clip, done) -> None:
    before = predictions()
    rows, columns = np.nonzero(before[4].masks[0])
    part = (slice(rows.min() + 1, rows.max() + 1), slice(columns.min(), columns.max() + 1))
    paint(4, part)
    code, out, _ = cli(clip, *ASKED, "--resume")
    assert code == 0
    assert "0 other frames changed, 6 frames computed again" in out
    for one, other in zip(before, predictions(), strict=True):
        assert (one.masks == other.masks).all() == (one.index != 4)


@pytest.mark.parametrize("layout", ["lines", "indented"])
def test_an_edited_json_is_a_correction(cli, models, clip, done, layout: str) -> None:
    found = results(OUT)
    found["frames"][5]["objects"][0].update(present=False, score=0.0)
    file = OUT / "predictions.json"
    file.write_text(json.dumps(found, indent=1 if layout == "indented" else None))
    later(file)
    code, out, _ = cli(clip, *ASKED, "--resume")
    assert code == 0
    assert "1 frame edited by hand taken in; 7 other frames changed" in out
    assert story(predictions()) == "-" * COUNT


def test_a_score_alone_is_none(cli, models, clip, done) -> None:
    found = results(OUT)
    found["frames"][5]["objects"][0]["score"] = 0.25
    file = OUT / "predictions.json"
    file.write_text(json.dumps(found))
    later(file)
    code, out, _ = cli(clip, *ASKED, "--resume")
    assert (code, "edited by hand" in out) == (0, False)
    assert models.carried == []
    assert predictions()[5].scores[0] == 0.25


def test_without_corrections_nothing_is_computed(cli, models, clip, done) -> None:
    before = files(OUT)
    models.seen = []
    code, out, _ = cli(clip, *ASKED, "--resume")
    assert (code, "taken in" in out) == (0, False)
    assert models.seen == models.carried == []
    assert files(OUT) == before


ABSENT = {"frame": 5, "query": 0, "absent": True}


@pytest.mark.parametrize(
    ("entries", "options", "message"),
    [
        ([], (), "holds no correction"),
        ([{**ABSENT, "frame": COUNT}], (), "no frame 8 to correct; the run has 8 frames"),
        ([{**ABSENT, "frame": 5}], ("--stride", 2), "no frame 5 to correct"),
        ([{**ABSENT, "frame": 5}], ("--max-frames", 5), "no frame 5 to correct"),
        ([{**ABSENT, "query": 1}], (), "no expression 1; there are 1"),
        ([{**ABSENT, "query": "a frog"}], (), "no expression 'a frog'"),
        ([{"frame": 5, "query": 0, "points": [[96, 1, True]]}], (), "outside the picture"),
        ([{"frame": 5, "query": 0, "box": [90, 1, 9, 9]}], (), "reaches out of the picture"),
        ([ABSENT, ABSENT], (), "two corrections of 'a red ball'"),
        ([ABSENT], ("--interactive",), "leave out --interactive"),
        ([ABSENT], ("--labels", "coco"), "--corrections means nothing with --labels"),
        ([ABSENT], ("--out", "-"), "nothing that could be corrected"),
    ],
)
def test_what_is_wrong_is_one_line(cli, models, clip, entries, options, message) -> None:
    fix = correct(*entries)
    asked = () if "--labels" in options else ASKED
    code, out, err = cli(clip, *asked, "--corrections", fix, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert models.seen == []
    assert not OUT.exists()


def test_cameras_and_several_sources(cli, models, clip) -> None:
    fix = correct(ABSENT)
    for source in (["webcam:0"], [clip, clip / "000.png"]):
        code, _, err = cli(*source, *ASKED, "--corrections", fix)
        assert (code, err.count("\n")) == (2, 1)
    assert not OUT.exists()


def test_clicks_without_a_mask_model(cli, models, clip) -> None:
    """The run that is done stays as it is."""
    models.config = conftest.PLAIN
    assert cli(clip, *ASKED)[0] == 0
    before = files(OUT)
    code, _, err = cli(clip, *ASKED, "--resume", "--corrections", correct(OTHER))
    assert (code, err.count("\n")) == (2, 1)
    assert "points and boxes need a mask model" in err
    assert files(OUT) == before
    assert cli(clip, *ASKED, "--resume")[0] == 0
    assert files(OUT) == before


def test_an_interrupt_while_correcting_changes_nothing(
    cli, models, clip, done, monkeypatch
) -> None:
    before = files(OUT)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("car_video.video.correction.corrector.see", interrupted)
        assert cli(clip, *ASKED, "--resume", "--corrections", correct(OTHER))[0] == 130
    assert files(OUT) == before
    assert cli(clip, *ASKED, "--resume", "--corrections", correct(OTHER))[0] == 0
    assert story(predictions()) == "g" * COUNT
