from __future__ import annotations

import json

import pytest

from tests.cli.fakes import ASKED
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
