"""The command line end to end, with a fake model on small data sets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from car_video.eval import cli, model_segmenters

from . import builders
from .fakes import ColourSpec


def results(folder):
    return json.loads((folder / "results.json").read_text())


def test_ref_davis_writes_results_tables_and_report(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", annotators=("annot1", "annot2"))
    code, out, _ = car_eval("ref-davis", "--data", data, "--out", tmp_path / "o")
    assert code == 0
    found = results(tmp_path / "o")
    assert found["task"] == "semi-supervised"
    assert found["annotators"] == ["annot1", "annot2"]
    assert found["J"] == found["F"] == found["J&F"] == 1.0
    assert found["per_sequence"]["three"]["3"] == {"J": 1.0, "F": 1.0}
    assert "first and last frame dropped" in found["protocol"]
    assert "2 annotators" in out
    assert "frames/s" in out
    for name in ("report.html", "report.md", "annot2/global_results-val.csv"):
        assert (tmp_path / "o" / name).is_file()
    csv = (tmp_path / "o/annot1/per-sequence_results-val.csv").read_text()
    assert csv.splitlines()[:2] == ["Sequence,J-Mean,F-Mean", "one_1,1.000,1.000"]


def test_one_annotator_writes_the_official_csv_names(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis")
    car_eval("ref-davis", "--data", data, "--out", tmp_path / "o", "--quiet")
    rows = (tmp_path / "o/global_results-val.csv").read_text().splitlines()
    assert rows[0] == "J&F-Mean,J-Mean,J-Recall,J-Decay,F-Mean,F-Recall,F-Decay"
    assert (tmp_path / "o/per-sequence_results-val.csv").is_file()


def test_a_promised_target_is_assumed_unless_told_otherwise(
    car_eval, tmp_path, monkeypatch, capsys
):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    given = []

    def made(_model, config, *_):
        given.append(config.segment.assume_present)
        return ColourSpec()

    for number, options in enumerate(((), ("--presence", "decided"), ("--preset", "fast"))):
        monkeypatch.setattr(model_segmenters, "make_spec", made)
        out = tmp_path / str(number)
        with pytest.raises(SystemExit) as end:
            cli.main(["ref-davis", "--data", str(data), "--out", str(out), *options])
        assert end.value.code == 0
    assert given == [True, False, True]
    assert results(tmp_path / "0")["presence"] == "assumed"
    assert results(tmp_path / "1")["presence"] == "decided"
    capsys.readouterr()
    code, _, err = car_eval("ref-davis", "--data", data, "--out", out, "--presence", "sure")
    assert code == 2
    assert "--presence must be one of assumed, decided, got 'sure'" in err
    code, _, err = car_eval("mevis-v2", "--data", data, "--out", out, "--presence", "assumed")
    assert code == 2
    assert "--presence" in err, "it has sentences without a target"


def test_quiet_prints_nothing(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    code, out, err = car_eval("ref-davis", "--data", data, "--out", tmp_path / "o", "--quiet")
    assert (code, out, err) == (0, "", "")


def test_scoring_the_masks_of_a_run_gives_its_numbers(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis")
    car_eval("ref-davis", "--data", data, "--out", tmp_path / "a")
    predictions = tmp_path / "a" / "predictions"
    code, _, _ = car_eval(
        "score", "ref-davis", "--data", data, "--predictions", predictions, "--out",
        tmp_path / "b", "--task", "unsupervised",
    )  # fmt: skip
    assert code == 0
    assert results(tmp_path / "b")["task"] == "unsupervised"
    assert results(tmp_path / "b")["J&F"] == results(tmp_path / "a")["J&F"]


@pytest.mark.parametrize("objects", ["together", "one-by-one"])
def test_objects_together_and_one_by_one(car_eval, tmp_path, objects):
    data = builders.davis(tmp_path / "davis", {"two": 2})
    code, _, _ = car_eval(
        "ref-davis", "--data", data, "--out", tmp_path / "o", "--objects", objects
    )
    assert code == 0
    assert results(tmp_path / "o")["J"] == 1.0
    assert ("compete" in results(tmp_path / "o")["protocol"]) == (objects == "together")


def test_limit_and_sequences_choose(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", annotators=("annot1", "annot2"))
    car_eval("ref-davis", "--data", data, "--out", tmp_path / "a", "--limit", 2)
    assert list(results(tmp_path / "a")["per_sequence"]) == ["one", "two"]
    car_eval("ref-davis", "--data", data, "--out", tmp_path / "b", "--sequences", "three, one")
    assert list(results(tmp_path / "b")["per_sequence"]) == ["one", "three"]
    code, _, err = car_eval(
        "ref-davis", "--data", data, "--out", tmp_path / "c", "--sequences", "four"
    )
    assert code == 2
    assert "four" in err


def test_listing_and_help(car_eval):
    code, out, _ = car_eval("list")
    assert code == 0
    for name in ("ref-davis", "ref-youtube-vos", "mevis", "refcoco", "grefcoco", "voc", "ade"):
        assert name in out
    code, out, _ = car_eval("--help")
    assert code == 0
    assert "car-eval score ref-davis" in " ".join(out.split())
    code, out, _ = car_eval("--version")
    assert code == 0
    assert re.match(r"car-eval \S+", out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], ["unknown benchmark 'nothing'", "ref-davis"]),
        (["ref-davis", "--out", "o"], ["--data"]),
        (["ref-davis", "--data", "no-such", "--out", "o"], ["no-such"]),
        (["ref-davis", "--data", ".", "--out", "o", "--preset", "nope"], ["nope"]),
        (["ref-davis", "--data", ".", "--out", "o", "--mode", "fast"], ["--mode", "per-frame"]),
        (["voc", "--data", ".", "--out", "o", "--mode", "online"], ["--mode"]),
        (["ref-davis", "--data", ".", "--out", "o", "--task", "x"], ["--task"]),
        (["ref-davis", "--data", ".", "--out", "o", "--limit", "0"], ["--limit"]),
        (["refcoco", "--data", ".", "--out", "o", "--protocol", "x"], ["--protocol"]),
        (["voc", "--data", ".", "--out", "o", "--resume", "--overwrite"], ["--resume", "one"]),
        (["score", "nothing", "--data", ".", "--predictions", ".", "--out", "o"], ["nothing"]),
    ],
)
def test_bad_arguments_give_one_line_and_exit_2(
    car_eval, tmp_path, monkeypatch, arguments, words
):
    monkeypatch.chdir(tmp_path)
    code, out, err = car_eval(*arguments)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert all(word in err for word in words)
    assert not (tmp_path / "o").exists()


def test_unknown_engine(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    code, _, err = car_eval(
        "ref-davis", "--data", data, "--out", tmp_path / "o", "--engine", "spark"
    )
    assert code == 2
    assert "spark" in err


def test_the_default_run_needs_no_overwrite_and_the_second_does(car_eval, tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    arguments = ["ref-davis", "--data", data, "--out", tmp_path / "o"]
    assert car_eval(*arguments)[0] == 0
    code, _, err = car_eval(*arguments)
    assert code == 2
    assert "--resume" in err
    assert car_eval(*arguments, "--overwrite")[0] == 0
    code, _, err = car_eval(*arguments, "--resume", "--task", "unsupervised")
    assert code == 2
    assert "options" in err


def test_refcoco_reports_both_protocols(car_eval, tmp_path):
    data = builders.refer(tmp_path / "refer")
    code, out, _ = car_eval("refcoco", "--data", data, "--out", tmp_path / "o")
    assert code == 0
    protocols = results(tmp_path / "o")["protocols"]
    assert protocols["per-expression"]["refcoco val"]["mIoU"] == 0.5  # "thing" finds nothing
    assert protocols["per-expression"]["refcoco val"]["samples"] == 8
    assert protocols["joint"]["refcoco val"]["mIoU"] == 1.0
    assert protocols["joint"]["refcoco val"]["samples"] == 4
    assert "5 % area rule" in out


def test_every_image_benchmark_scores_its_own_masks(car_eval, tmp_path):
    data = {
        "refcoco": builders.refer(tmp_path / "refer"),
        "grefcoco": builders.grefer(tmp_path / "grefer"),
        "voc": builders.voc(tmp_path / "voc"),
    }
    for name, root in data.items():
        run, again = tmp_path / f"{name}-run", tmp_path / f"{name}-score"
        assert car_eval(name, "--data", root, "--out", run)[0] == 0
        predictions = run / "predictions"
        code, _, err = car_eval(
            "score", name, "--data", root, "--predictions", predictions, "--out", again
        )
        assert code == 0, err
        first, second = results(run), results(again)
        for key in ("model", "preset", "run"):
            first.pop(key), second.pop(key, None)
        assert first == second


ANSWERED_AT_ONCE = [
    ["--help"], ["list"], ["ref-davis", "--help"], ["nothing"],
    ["ref-davis", "--data", "no-such", "--out", "o"],
    ["score", "voc", "--data", "no-such", "--predictions", "p", "--out", "o"],
    ["refcoco", "--data", ".", "--out", "o", "--preset", "no-such"],
]  # fmt: skip


def test_help_lists_and_bad_input_are_answered_before_torch_loads(tmp_path):
    script = (
        "import json, sys; sys.path.insert(0, sys.argv[1])\n"
        "from car_video.eval import cli\n"
        "for arguments in json.load(sys.stdin):\n"
        "    try:\n"
        "        cli.main(arguments)\n"
        "    except SystemExit:\n"
        "        heavy = [m for m in ('torch', 'transformers') if m in sys.modules]\n"
        "        print('loaded:', *arguments, 'loads', heavy)\n"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parents[2])]
    run = subprocess.run(
        command,
        cwd=tmp_path,
        input=json.dumps(ANSWERED_AT_ONCE),
        capture_output=True,
        text=True,
        check=True,
    )
    said = [line for line in run.stdout.splitlines() if line.startswith("loaded: ")]
    assert said == [f"loaded: {' '.join(words)} loads []" for words in ANSWERED_AT_ONCE]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output(tmp_path):
    script = "from car_video.eval.cli import main; main(['--version'])"
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=buffered | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")
