"""Ref-YouTube-VOS and MeViS: scores where the truth is known, and the zips."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest
from car_video.eval.benchmarks import Options, make_benchmark
from PIL import Image

from car_video.errors import DataError

from .. import builders
from ..fakes import ColourSpec


def run(bench, out):
    segmenters = ColourSpec().build()
    items = bench.items()
    for item in items:
        bench.predict(item, segmenters, out)
    scores = {item.key: bench.score(item, out) for item in items}
    return items, bench.summarise(scores, items)


def test_known_truth_is_scored(tmp_path):
    data = builders.youtube_vos(tmp_path / "yt")
    _, summary = run(make_benchmark("ref-youtube-vos", data, Options()), tmp_path / "p")
    assert summary.results["J&F"] == 1.0
    assert summary.results["expressions"] == 3
    assert summary.results["per_sequence"]["v1"]["1"] == {"J": 1.0, "F": 1.0}


def test_hidden_truth_gives_the_zip_only(tmp_path):
    data = builders.youtube_vos(tmp_path / "yt", truth=False)
    bench = make_benchmark("ref-youtube-vos", data, Options())
    items, summary = run(bench, tmp_path / "p")
    assert "J" not in summary.results
    assert "hidden" in summary.results["protocol"]
    (path,) = bench.finish(items, tmp_path / "p", tmp_path / "o")
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 12
        assert archive.namelist()[0] == "Annotations/v1/0/00000.png"
        with archive.open("Annotations/v1/1/00002.png") as file:
            values = np.unique(np.array(Image.open(file)))
    assert set(values.tolist()) == {0, 255}
    first = path.read_bytes()
    bench.finish(items, tmp_path / "p", tmp_path / "o")
    assert path.read_bytes() == first


def test_validation_leaves_the_test_videos_out(tmp_path):
    data = builders.youtube_vos(tmp_path / "yt")
    (data / "valid").mkdir()
    shutil.move(data / "JPEGImages", data / "valid/JPEGImages")
    meta = json.loads((data / "meta_expressions.json").read_text())
    (data / "meta_expressions.json").unlink()
    for split, names in (("valid", ["v1", "v2"]), ("test", ["v1"])):
        path = data / f"meta_expressions/{split}/meta_expressions.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"videos": {n: meta["videos"][n] for n in names}}))
    bench = make_benchmark("ref-youtube-vos", data, Options())
    assert [item.key for item in bench.items()] == ["v2/0"]


def test_mevis_masks_and_no_target(tmp_path):
    bench = make_benchmark("mevis", builders.mevis(tmp_path / "m", [0, 1]), Options())
    items, summary = run(bench, tmp_path / "p")
    found = summary.results["per_sequence"]["v1"]
    assert found["0"] == {"J": 1.0, "F": 1.0}
    assert 0 < found["1"]["J"] < 1  # the fake finds the red one of two
    assert found["2"] == {"J": 1.0, "F": 1.0}  # rightly nothing
    (path,) = bench.finish(items, tmp_path / "p", tmp_path / "o")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist()[0] == "v1/0/00000.png"


def test_mevis_files_that_do_not_belong_together(tmp_path):
    bench = make_benchmark("mevis", builders.mevis(tmp_path / "m", [0, 7]), Options())
    with pytest.raises(DataError, match="mixed"):
        bench.items()


def test_missing_split(tmp_path):
    with pytest.raises(DataError, match="--split"):
        make_benchmark("mevis", tmp_path, Options()).items()
