from __future__ import annotations

import json

import pytest

from car_video.io.exports import cvat, prores
from tests.cli.fakes import ASKED, COUNT, visible
from tests.io.exports.runs import make_run


def test_convert_says_what_it_wrote(cli, tmp_path):
    make_run(tmp_path / "clip_car")
    assert cli("convert", "clip_car", "--to", "coco,davis")[:2] == (
        0,
        "coco, 4 frames: written to clip_car/coco.json\n"
        "davis, 4 frames: written to clip_car/davis\n",
    )
    assert (tmp_path / "clip_car" / "davis" / "Annotations").is_dir()
    assert cli("convert", "clip_car", "--to", "coco", "--out", "é x.json", "--quiet") == (
        0,
        "",
        "",
    )
    assert json.loads((tmp_path / "é x.json").read_text())["images"]


def test_a_repeated_option_makes_every_format(cli, tmp_path):
    make_run(tmp_path / "clip_car")
    code, out, err = cli("convert", "clip_car", "--to", "coco", "--to", "davis,coco")
    assert (code, err) == (0, "")
    assert [line.split(",")[0] for line in out.splitlines()] == ["coco", "davis"]
    code, _, err = cli("convert", "clip_car", "--to", "mots", "--to", "coco", "--out", "x")
    assert (code, "one name for several formats" in err) == (2, True)


def test_formats_are_listed(cli):
    code, out, _ = cli("convert")
    assert code == 0
    assert "youtube-vis" in out
    assert "annotators" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing", "--to", "coco"), "no folder 'nothing'"),
        (("--to", "coco"), "say which run"),
        (("clip_car", "--to", "cocoo"), "no format 'cocoo' to convert to; choose from coco"),
        (("clip_car", "--to", ","), "names no format"),
        (("clip_car", "--to", "coco,davis", "--out", "x"), "one name for several formats"),
        (("clip_car", "--to", "coco", "--out", ""), "--out is empty"),
        (("clip_car", "--to", "coco", "--out", "x.txt"), "whose files end with .json"),
        (("clip_car", "--to", "coco", "--out", "no/x.json"), "no folder"),
        (("clip_car", "--to", "coco", "--start-number", "x"), "want a whole number"),
        (("clip_car", "--to", "coco", "--start-numbr", "1"), "did you mean --start-number?"),
        (("clip_car", "more", "--to", "coco"), "more"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(cli, tmp_path, arguments, said):
    make_run(tmp_path / "clip_car")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = cli("convert", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_all_targets_are_looked_at_before_the_first_is_written(cli, tmp_path):
    (make_run(tmp_path / "clip_car") / "davis").mkdir()
    code, _, err = cli("convert", "clip_car", "--to", "coco,davis")
    assert code == 2
    assert "'clip_car/davis' is there already" in err
    assert not (tmp_path / "clip_car" / "coco.json").exists()


def test_a_source_called_convert_is_a_source(cli, clip, tmp_path):
    (tmp_path / "convert").write_bytes(clip.read_bytes())
    code, _, err = cli("convert", *ASKED, "--save", "json", "--out", "out")
    assert code == 0, err
    assert (tmp_path / "out" / "predictions.json").exists()


def test_save_makes_exports_of_the_finished_run(cli, clip, tmp_path):
    code, out, err = cli(clip, *ASKED, "--save", "coco", "--save", "webm", "--out", "out")
    assert code == 0, err
    assert "written to out: predictions.json, coco.json, matte.webm" in out
    data = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert len(data["images"]) == COUNT
    code, out, _ = cli(clip, *ASKED, "--save", "rle,coco", "--out", "out", "--resume")
    assert code == 0
    assert json.loads((tmp_path / "out" / "rle.json").read_text())
    code, out, _ = cli(clip, *ASKED, "--save", "overlay", "--out", "out", "--overwrite")
    assert code == 0
    assert visible(tmp_path / "out") == ["overlay.mp4"], "--overwrite knows exports"


def test_what_save_cannot_make_is_said_before_the_run(cli, clip, tmp_path, loader):
    for save, said in (
        ("davis", "davis is a folder, which --save does not make"),
        ("cocoo", "cannot save 'cocoo'; choose from cutout"),
        ("coco", "--out - sends the overlay only"),
    ):
        out = "-" if save == "coco" else "out"
        code, _, err = cli(clip, *ASKED, "--save", save, "--out", out)
        assert code == 2
        assert said in err
        assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert not loader.made


def test_a_missing_encoder_is_said_before_the_run(cli, clip, tmp_path, loader, monkeypatch):
    monkeypatch.setattr(prores, "CODECS", (("prores_of_another_build", {}),))
    code, _, err = cli(clip, *ASKED, "--save", "prores,coco", "--out", "out")
    assert code == 2
    assert "PyAV has no encoder prores_of_another_build" in err
    assert err.count("\n") == 1
    assert not loader.made
    assert not (tmp_path / "out").exists()


def test_an_export_that_fails_leaves_the_run(cli, clip, tmp_path, monkeypatch):
    def full(run, target, options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cvat, "write", full)
    code, out, err = cli(clip, *ASKED, "--save", "cvat,coco", "--out", "out")
    assert code == 2
    assert "the disk is full" in err
    assert err.count("\n") == 1
    assert visible(tmp_path / "out") == ["coco.json", "predictions.json"]
    assert "written to out: predictions.json, coco.json" in out
