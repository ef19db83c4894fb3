"""DAVIS 2016, DAVIS 2017 and YouTube-VOS: objects followed from given masks."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from car_video.eval.benchmarks import Options, make_benchmark
from car_video.eval.data.vos_sets import SEEN

from car_video.errors import DataError

from .. import builders, video_builders
from ..fakes import ColourSpec


def run(name, data, out, split=""):
    bench = make_benchmark(name, data, Options(split=split))
    segmenters = ColourSpec().build()
    items = bench.items()
    for item in items:
        bench.predict(item, segmenters, out)
    scores = {item.key: bench.score(item, out) for item in items}
    return bench, items, bench.summarise(json.loads(json.dumps(scores)), items)


def test_davis_2016_reads_lists_of_paths(tmp_path):
    data = video_builders.davis_2016(tmp_path / "d")
    _, items, summary = run("davis-2016", data, tmp_path / "p")
    assert [item.key for item in items] == ["s1", "s2"]
    assert summary.results["J&F"] > 0.9
    assert summary.warnings == ()


def test_davis_2016_by_annotations_of_2017(tmp_path):
    data = builders.davis(tmp_path / "d", {"one": 1, "two": 2})
    with pytest.raises(DataError, match=r"ImageSets/2016/val.txt, or run car-eval davis-2017"):
        make_benchmark("davis-2016", data, Options()).items()
    (data / "ImageSets/2016").mkdir()
    (data / "ImageSets/2016/val.txt").write_text("one\ntwo\n")
    bench = make_benchmark("davis-2016", data, Options())
    one, two = bench.items()
    assert not one.payload.merged
    assert two.payload.merged
    first = two.payload.given()[0][1]
    np.testing.assert_array_equal(first, builders.scene(40, 64, 0, 2)[1] > 0)


def test_davis_2017_gives_the_official_files(tmp_path):
    data = builders.davis(tmp_path / "d")
    _, items, summary = run("davis-2017", data, tmp_path / "p")
    assert [len(item.payload.objects) for item in items] == [1, 2, 3]
    assert summary.results["J&F"] == 1.0
    assert summary.files["global_results-val.csv"].startswith("J&F-Mean,J-Mean")


def test_seen_and_unseen_categories(tmp_path):
    assert len(SEEN) == 65
    data = video_builders.youtube_vos(tmp_path / "y")
    bench, items, summary = run("youtube-vos", data, tmp_path / "p")
    results = summary.results
    names = ("J seen", "F seen", "J unseen", "F unseen")
    assert results["overall"] == pytest.approx(np.mean([results[name] for name in names]))
    assert summary.warnings == ()
    objects = items[0].payload.objects
    assert [(one.number, one.given, one.category) for one in objects] == [
        (1, 0, "dog"), (2, 1, "tractor"),
    ]  # fmt: skip
    (path,) = bench.finish(items, tmp_path / "p", tmp_path / "o")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist()[0] == "Annotations/y1/00000.png"


def test_only_given_masks_are_known(tmp_path):
    data = video_builders.youtube_vos(tmp_path / "y", whole=False)
    _, _, summary = run("youtube-vos", data, tmp_path / "p")
    assert "submit the zip" in summary.results["protocol"]
    assert summary.headline == ()


def test_objects_without_a_category(tmp_path):
    data = video_builders.youtube_vos(tmp_path / "y")
    path = data / "valid/meta.json"
    path.write_text(path.read_text().replace('"category": "tractor", ', ""))
    _, _, summary = run("youtube-vos", data, tmp_path / "p")
    assert "not every object has a category" in summary.warnings[0]


def test_a_given_mask_that_is_missing(tmp_path):
    data = video_builders.youtube_vos(tmp_path / "y", whole=False)
    (data / "valid/Annotations/y2/00001.png").unlink()
    with pytest.raises(DataError, match=r"no mask of object 2 on its first frame '00001'"):
        make_benchmark("youtube-vos", data, Options()).items()


def test_another_split(tmp_path):
    data = video_builders.youtube_vos(tmp_path / "y", "train")
    with pytest.raises(DataError, match=r"no valid/ with meta.json.*--split"):
        make_benchmark("youtube-vos", data, Options()).items()
    assert len(make_benchmark("youtube-vos", data, Options(split="train")).items()) == 2


def test_the_command_line_predicts_and_scores(car_eval, tmp_path):
    data = video_builders.davis_2016(tmp_path / "d")
    code, out, err = car_eval("davis-2016", "--data", data, "--out", tmp_path / "o")
    assert (code, err) == (0, "")
    assert "without a sentence" in out
    assert (tmp_path / "o/global_results-val.csv").is_file()
    found = tmp_path / "o/predictions"
    arguments = ("--data", data, "--predictions", found, "--out", tmp_path / "s")
    assert car_eval("score", "davis-2016", *arguments)[0] == 0
    code, _, err = car_eval(
        "davis-2016", "--data", data, "--out", tmp_path / "m", "--mode", "offline"
    )
    assert code == 2  # it has no sentence, so no mode either
    assert "--mode" in err
