"""``car-eval compare``, ``leaderboard`` and ``table`` on results that were written down."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from car_video.eval.benchmarks import REGISTRY, Options, make_benchmark
from car_video.eval.comparison.pairs import compare
from car_video.eval.comparison.published import KINDS, boards
from car_video.eval.comparison.runs import read_runs
from car_video.eval.data.files import write_json
from PIL import Image

from ..benchmarks.test_contract import SMALL
from ..fakes import ColourSpec

DOCS = (Path(__file__).parents[3] / "docs" / "benchmarks.md").read_text("utf-8")


def results(root, name, gain=0.0, count=12, **more):
    """The folder of a run of Ref-DAVIS; ``gain`` is added to every second sequence's J."""
    sequences = {
        f"s{i:02d}": {
            str(k): {"J": 0.3 + 0.04 * i + gain * (i % 2) / k, "F": 0.5} for k in (1, 2)
        }
        for i in range(count)
    }
    every = [v for objects in sequences.values() for v in objects.values()]
    j = sum(v["J"] for v in every) / len(every)
    values = {
        "benchmark": "ref-davis", "split": "", "protocol": "DAVIS 2017, 4 annotators",
        "annotators": ["annot1", "annot1_full_video", "annot2", "annot2_full_video"],
        "J": j, "F": 0.5, "J&F": (j + 0.5) / 2, "complete": True, "model": "lite",
        "preset": name, "warnings": [], "per_sequence": sequences,
    }  # fmt: skip
    write_json(root / name / "results.json", {**values, **more})
    return root / name


def test_two_runs(car_eval, tmp_path):
    a, b = results(tmp_path, "online", 0.2), results(tmp_path, "fast")
    code, out, err = car_eval("compare", a, b, "--out", tmp_path / "c")
    assert (code, err) == (0, "")
    assert "online is 0.0375 J&F above fast, significantly" in out
    assert "of 12 sequences online is better on 6, worse on 0, equal on 6" in out
    found = json.loads((tmp_path / "c/comparison.json").read_text())
    (pair,) = found["pairs"]
    assert pair["difference"] == pytest.approx(0.0375)
    assert pair["interval"][0] < 0.0375 < pair["interval"][1]
    assert pair["significant"]
    page = (tmp_path / "c/report.html").read_text()
    assert page.count("<circle") == 12
    assert page.count("<rect") == 13  # a frame, and a bar a sequence
    assert "http" not in page.replace("http-equiv", "")
    assert "online less fast" in (tmp_path / "c/report.md").read_text()


def test_three_runs_are_corrected_for_their_number(tmp_path):
    runs = [
        results(tmp_path, name, gain) for name, gain in (("a", 0.2), ("b", 0.1), ("c", 0.0))
    ]
    found = compare(read_runs(runs))
    assert [(p.a.name, p.b.name) for p in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert all(pair.p >= pair.paired.p for pair in found.pairs)


def test_runs_of_one_folder_name_are_told_apart(tmp_path):
    runs = read_runs([results(tmp_path / "x", "out"), results(tmp_path / "y", "out")])
    assert [run.name for run in runs] == ["x/out", "y/out"]


def test_warnings_of_the_runs_are_told_once(tmp_path):
    runs = [
        results(tmp_path, "a", warnings=["few annotators", "partial run"]),
        results(tmp_path, "b", warnings=["few annotators"]),
    ]
    found = compare(read_runs(runs))
    assert found.warnings == ("every run: few annotators", "a: partial run")


def test_runs_that_were_told_other_things_of_presence_are_told_apart(car_eval, tmp_path):
    a, b = (
        results(tmp_path, name, presence=told)
        for name, told in (("a", "assumed"), ("b", "decided"))
    )
    code, out, err = car_eval("compare", a, b, "--out", tmp_path / "c")
    assert (code, err) == (0, "")
    said = "the runs differ in --presence (a: assumed, b: decided)"
    assert f"warning: {said}" in out
    assert said in json.loads((tmp_path / "c/comparison.json").read_text())["warnings"][0]
    for name in ("report.html", "report.md"):
        assert "differ in --presence" in (tmp_path / "c" / name).read_text()
    older = results(tmp_path, "older")
    (warning,) = compare(read_runs([a, older])).warnings
    assert "(a: assumed, older: not stated)" in warning
    again = results(tmp_path, "again", presence="assumed")
    assert compare(read_runs([a, again])).warnings == ()


def test_few_sequences_and_those_of_one_run_only_are_told(tmp_path):
    found = compare(read_runs([results(tmp_path, "a", 0.1), results(tmp_path, "b", count=4)]))
    assert found.names == ("s00", "s01", "s02", "s03")
    assert found.warnings[0] == "only 4 of 12 sequences are in every run"
    assert "too narrow" in found.warnings[1]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"benchmark": "mevis"}, "another benchmark"),
        ({"protocol": "unsupervised task"}, "another protocol"),
        ({"split": "train"}, "another split"),
        ({"per_sequence": {"other": {"1": {"J": 1.0, "F": 1.0}}}}, "no sequence"),
        ({"per_sequence": {"s00": {"1": {"J": 1.0}}}}, "malformed"),
        ({"per_sequence": []}, "malformed"),
        ({"per_sequence": {"s00": {}}}, "malformed"),
        ({"per_sequence": {"s00": {"1": {"J": 1.0, "F": 1.0, "weight": -1}}}}, "malformed"),
    ],
)
def test_runs_that_cannot_be_compared(car_eval, tmp_path, more, word):
    a, b = results(tmp_path, "a"), results(tmp_path, "b", **more)
    code, out, err = car_eval("compare", a, b)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert word in err


def test_bad_arguments_of_compare(car_eval, tmp_path):
    a, b = results(tmp_path, "a"), results(tmp_path, "b")
    for arguments, word in (
        ((a,), "two runs or more"),
        ((a, a), "given twice"),
        ((a, tmp_path / "none"), "is missing"),
        ((a, b, "--out", a), "holds a run"),
    ):
        code, _, err = car_eval("compare", *arguments)
        assert code == 2
        assert word in err
    assert car_eval("compare", a, b, "--out", tmp_path / "c", "--quiet")[0] == 0
    assert "earlier comparison" in car_eval("compare", a, b, "--out", tmp_path / "c")[2]
    assert car_eval("compare", a, b, "--out", tmp_path / "c", "--overwrite")[0] == 0


def revos(root, name, gain):
    """Kinds weigh the same, and what has no target is not in the headline."""
    sequences = {
        f"v{i}": {
            "0": {"J": 0.5 + gain, "F": 0.5 + gain, "part": "referring"},
            **{str(k): {"J": 0.1 * k, "F": 0.1 * k, "part": "reasoning"} for k in range(1, 4)},
            "4": {"J": 1 - gain, "F": 1 - gain, "weight": 0},
        }
        for i in range(10)
    }
    sequences["v10"] = {"0": {"J": 1 - gain, "F": 1.0, "weight": 0}}
    headline = (0.5 + gain + 0.2) / 2
    values = {"benchmark": "revos", "protocol": "x", "J&F": headline}
    write_json(root / name / "results.json", {**values, "per_sequence": sequences})
    return root / name


def test_the_difference_is_that_of_the_headline(tmp_path):
    found = compare(read_runs([revos(tmp_path, "a", 0.2), revos(tmp_path, "b", 0.0)]))
    (pair,) = found.pairs
    a, b = (run.headline()["J&F"] for run in found.runs)
    assert pair.paired.difference == pytest.approx(a - b) == pytest.approx(0.1)
    assert found.names == tuple(f"v{i}" for i in range(10))  # the last has nothing that counts
    assert found.warnings == ()


def test_a_difference_of_another_number_is_told(tmp_path):
    runs = [results(tmp_path, "a", **{"J&F": 0.9}), results(tmp_path, "b")]
    (warning,) = compare(read_runs(runs)).warnings
    assert warning == (
        "a: the difference is of the mean J&F over all scores (0.5100), not of the J&F above "
        "(0.9000)"
    )


def test_pictures_are_compared_by_their_own_scores(tmp_path):
    """Benchmarks on pictures have no sequences; each picture is one."""
    for name, value in (("a", 0.5), ("b", 0.4)):
        per_item = {"metric": "mIoU", "values": {f"p{i}": value + i / 100 for i in range(10)}}
        write_json(
            tmp_path / name / "results.json",
            {"benchmark": "voc", "protocol": "x", "mIoU": value, "per_item": per_item},
        )
    (pair,) = compare(read_runs([tmp_path / "a", tmp_path / "b"])).pairs
    assert pair.paired.difference == pytest.approx(0.1)


@pytest.mark.parametrize(
    "name",
    [
        "ref-davis", "davis-2016", "davis-2017", "youtube-vos", "ref-youtube-vos", "mevis",
        "mevis-v2", "long-rvos", "reason-vos", "revos", "ref-sav", "a2d-sentences",
        "jhmdb-sentences",
    ],
)  # fmt: skip
def test_the_mean_of_the_scores_is_the_headline(tmp_path, name):
    """Each benchmark's own results, with masks that are right to different degrees."""
    bench = make_benchmark(name, SMALL[name](tmp_path / "data"), Options())
    items, segmenters = bench.items(), ColourSpec().build()
    for item in items:
        bench.predict(item, segmenters, tmp_path / "p")
    for number, path in enumerate(sorted((tmp_path / "p").rglob("*.png"))):
        with Image.open(path) as image:
            pixels, palette = np.array(image), image.getpalette()
        rows = np.flatnonzero(pixels.any(1))
        pixels[rows[: len(rows) * (number % 4) // 4]] = 0
        cut = Image.fromarray(pixels)
        if palette:
            cut.putpalette(palette)
        cut.save(path)
    scores = {item.key: bench.score(item, tmp_path / "p") for item in items}
    found = {"benchmark": name, **bench.summarise(scores, items).results}
    write_json(tmp_path / "results.json", found)
    (run,) = read_runs([tmp_path / "results.json"])
    assert run.sequences
    assert run.mean() == pytest.approx(run.headline()[run.metric], abs=1e-6)
    assert 0 < run.mean() < 1


def test_own_runs_beside_published_ones(car_eval, tmp_path):
    code, out, _ = car_eval("leaderboard", "ref-davis", results(tmp_path, "mine"))
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    order = [words[0] for words in lines if words and words[0] in ("CaR", "*", "URVOS")]
    assert order == ["URVOS", "*", "CaR"]  # 0.51 lies between 51.6 and 30.3


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"annotators": ["annot1"]}, "it has 1 annotators, the table 4"),
        ({"complete": False}, "it is not of the whole set"),
        ({"J&F": None, "J": None, "F": None}, "it has none of the table's numbers"),
    ],
)
def test_runs_of_another_protocol_are_in_no_table(car_eval, tmp_path, more, word):
    code, out, _ = car_eval("leaderboard", "ref-davis", results(tmp_path, "mine", **more))
    assert code == 0
    assert f"mine is in no table: {word}" in " ".join(out.split())
    assert "* mine" not in out


def test_bad_arguments_of_the_leaderboard(car_eval, tmp_path):
    assert "unknown benchmark 'x'" in car_eval("leaderboard", "x")[2]
    assert "not of mevis" in car_eval("leaderboard", "mevis", results(tmp_path, "a"))[2]
    assert "no published numbers" in car_eval("leaderboard", "cityscapes")[2]


@pytest.mark.parametrize("board", boards(), ids=lambda board: board.protocol)
def test_published_numbers_are_whole_and_in_the_docs(board):
    assert board.benchmark in REGISTRY
    for row in board.rows:
        assert row.kind in KINDS
        assert len(row.numbers) == len(board.columns)
        assert row.source
        assert all(number is None or 0 < number < 100 for number in row.numbers)
        name = row.method.split(" (")[0]
        assert name in DOCS, f"{row.method} is not in docs/benchmarks.md"


def test_results_as_one_long_table(car_eval, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    runs = results(tmp_path, "a"), results(tmp_path, "b")
    assert car_eval("table", *runs, "--out", tmp_path / "t.parquet")[0] == 0
    rows = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert len(rows) == 2 * (3 + 12 * 2)
    assert rows[0] | {"value": 0} == {
        "run": "a", "benchmark": "ref-davis", "protocol": "DAVIS 2017, 4 annotators",
        "model": "lite", "preset": "a", "sequence": "", "unit": "", "metric": "J", "value": 0,
    }  # fmt: skip
    assert "is there already" in car_eval("table", *runs, "--out", tmp_path / "t.parquet")[2]


def test_parquet_needs_its_extra(car_eval, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = car_eval("table", results(tmp_path, "a"), "--out", tmp_path / "t.parquet")
    assert code == 2
    assert "car-video[parquet]" in err
    assert not (tmp_path / "t.parquet").exists()
