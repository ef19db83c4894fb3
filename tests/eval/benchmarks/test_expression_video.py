"""The benchmarks with one mask per expression of a video: layouts, versions, scores, zips."""

from __future__ import annotations

import json
import shutil
import zipfile

import numpy as np
import pytest
from car_video.eval.benchmarks import Options, make_benchmark, mevis
from car_video.eval.data import rle
from PIL import Image

from car_video.errors import DataError

from .. import builders, video_builders
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


@pytest.mark.parametrize("name", ["ref-youtube-vos", "mevis", "mevis-v2", "long-rvos"])
def test_missing_split(tmp_path, name):
    with pytest.raises(DataError, match=r"no meta_expressions.*--split"):
        make_benchmark(name, tmp_path, Options()).items()


def test_the_published_validation_masks_are_scored(tmp_path):
    data = video_builders.ref_youtube_vos(tmp_path / "yt")
    bench = make_benchmark("ref-youtube-vos", data, Options())
    items, summary = run(bench, tmp_path / "p")
    assert summary.results["J&F"] == 1.0
    assert bench.finish(items, tmp_path / "p", tmp_path / "o")[0].name == "submission.zip"


def test_expressions_without_a_target(tmp_path):
    bench = make_benchmark("mevis-v2", video_builders.mevis_v2(tmp_path / "m"), Options())
    _, summary = run(bench, tmp_path / "p")
    results = summary.results
    # of "a flying elephant" the fake finds nothing, of "the red elephant" the red square
    assert (results["N-acc"], results["T-acc"]) == (0.5, 1.0)
    assert results["per_sequence"]["v1"]["3"] == {"J": 1.0, "F": 1.0}
    assert results["per_sequence"]["v1"]["4"] == {"J": 0.0, "F": 0.0}
    assert results["J&F with target"] > results["J&F"]
    assert dict(summary.headline)["N-acc"] == 0.5


def test_version_2_where_version_1_is_expected(tmp_path):
    data = video_builders.mevis_v2(tmp_path / "m")
    with pytest.raises(DataError, match=r"meta_expressions_v2.json' is of version 2.*mevis-v2"):
        make_benchmark("mevis", data, Options()).items()


def test_version_1_where_version_2_is_expected(tmp_path):
    data = builders.mevis(tmp_path / "m")
    with pytest.raises(
        DataError, match=r"meta_expressions.json' is of version 1.*car-eval mevis"
    ):
        make_benchmark("mevis-v2", data, Options()).items()


def test_versions_are_known_by_their_number_of_expressions(tmp_path, monkeypatch):
    """Version 2 may lie there under the name of version 1."""
    monkeypatch.setitem(mevis.SENTENCES["mevis-v2"], "valid_u", 10)
    data = video_builders.mevis_v2(tmp_path / "m")
    path = data / "valid_u/meta_expressions_v2.json"
    path.rename(path.with_name("meta_expressions.json"))
    assert len(make_benchmark("mevis-v2", data, Options()).items()) == 10
    with pytest.raises(
        DataError, match=r"has the 10 expressions of version 2.*car-eval mevis-v2"
    ):
        make_benchmark("mevis", data, Options()).items()


def test_kinds_weigh_the_same_in_revos(tmp_path):
    bench = make_benchmark("revos", video_builders.revos(tmp_path / "r"), Options())
    _, summary = run(bench, tmp_path / "p")
    kinds = summary.results["per_kind"]
    assert list(kinds) == ["referring", "reasoning", "no target"]
    mean = (kinds["referring"]["J&F"] + kinds["reasoning"]["J&F"]) / 2
    assert summary.results["J&F"] == pytest.approx(mean)
    assert [row[0] for row in summary.tables[0].rows] == [*kinds, "overall"]


def test_a_kind_that_is_missing_is_told(tmp_path):
    data = video_builders.revos(tmp_path / "r")
    path = data / "meta_expressions_valid_.json"
    meta = json.loads(path.read_text())
    for video in meta["videos"].values():
        video["expressions"] = {"0": video["expressions"]["0"]}
    path.write_text(json.dumps(meta))
    _, summary = run(make_benchmark("revos", data, Options()), tmp_path / "p")
    assert "no expression is of the kind 'reasoning'" in summary.warnings[0]


def test_robustness_needs_its_file(tmp_path):
    data = video_builders.revos(tmp_path / "r")
    (data / "mask_dict_foreground.json").unlink()
    _, summary = run(make_benchmark("revos", data, Options()), tmp_path / "p")
    assert "R" not in summary.results


def test_types_of_another_data_set(tmp_path):
    data = video_builders.long_rvos(tmp_path / "r")
    path = data / "valid/meta_expressions.json"
    path.write_text(path.read_text().replace("dynamic", "spoken"))
    with pytest.raises(DataError, match=r"type 'spoken'.*is it of Long-RVOS"):
        make_benchmark("long-rvos", data, Options()).items()


def test_label_maps_where_long_rvos_has_folders(tmp_path):
    data = video_builders.long_rvos(tmp_path / "r")
    builders.save_labels(data / "valid/Annotations/v1/00000.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError, match=r"v1' holds label maps.*Long-RVOS"):
        make_benchmark("long-rvos", data, Options()).items()


def test_an_object_without_a_folder(tmp_path):
    data = video_builders.long_rvos(tmp_path / "r")
    shutil.rmtree(data / "valid/Annotations/v2/2")
    with pytest.raises(DataError, match=r"v2' has no folder '2'.*it has 1"):
        make_benchmark("long-rvos", data, Options()).items()


def test_frames_with_a_mask_count_in_reason_vos(tmp_path):
    bench = make_benchmark("reason-vos", video_builders.reason_vos(tmp_path / "r"), Options())
    items, _ = run(bench, tmp_path / "p")
    assert items[0].key == "MOSE_v1_1/0"
    assert items[0].pictures == 4
    assert len(bench.score(items[0], tmp_path / "p")["davis"]["J"][0]) == 2


def test_a_mask_without_a_picture(tmp_path):
    data = video_builders.reason_vos(tmp_path / "r")
    (data / "JPEGImages/v1/00002.jpg").unlink()
    with pytest.raises(DataError, match=r"MOSE_v1_1' has '00002.png' without a picture"):
        make_benchmark("reason-vos", data, Options()).items()


def test_reason_vos_of_another_data_set(tmp_path):
    data = video_builders.reason_vos(tmp_path / "r")
    (data / "meta_expressions.json").write_text(
        (data / "meta_expressions.json").read_text().replace('"source"', '"from"')
    )
    with pytest.raises(DataError, match="is it of ReasonVOS"):
        make_benchmark("reason-vos", data, Options()).items()


def test_predictions_in_the_form_of_sa2va(tmp_path):
    """One JSON file gives the numbers of the PNGs."""
    bench = make_benchmark("revos", video_builders.revos(tmp_path / "r"), Options())
    items, summary = run(bench, tmp_path / "p")
    found: dict = {}
    for item in items:
        video, key = item.key.split("/")
        paths = sorted((tmp_path / "p" / item.key).iterdir())
        codes = [rle.encode(np.array(Image.open(path)) > 0) for path in paths]
        found.setdefault(video, {})[key] = {"exp": "", "prediction_masks": codes}
    path = tmp_path / "results.json"
    path.write_text(json.dumps(found))
    scores = {item.key: bench.score(item, path) for item in items}
    assert bench.summarise(scores, items).results == summary.results
    del found["v1"]["0"]["prediction_masks"][0]
    (tmp_path / "short.json").write_text(json.dumps(found))
    with pytest.raises(DataError, match="'v1/0' has 3 frames, the video 4"):
        bench.score(items[0], tmp_path / "short.json")


def test_movies_of_ref_sav(tmp_path):
    """Frames of a movie are found by their numbers; a movie that is too short is told."""
    data = video_builders.ref_sav(tmp_path / "r")
    video_builders.movies(data)
    bench = make_benchmark("ref-sav", data, Options())
    items, summary = run(bench, tmp_path / "p")
    assert items[0].payload.video.movie == data / "videos/v1/v1.mp4"
    assert summary.results["per_kind"]["long"]["J"] > 0.7  # lossy pictures
    shutil.copy(data / "videos/v1/v1.mp4", data / "videos/v2/v2.mp4")
    path = data / "meta_expressions_valid.json"
    path.write_text(path.read_text().replace("00003", "00300"))
    with pytest.raises(DataError, match=r"v1.mp4' has no frame 300"):
        run(bench, tmp_path / "q")
