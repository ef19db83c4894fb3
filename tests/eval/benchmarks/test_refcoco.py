"""Referring images: CaR's merge rule, both file forms, both protocols, GRES."""

from __future__ import annotations

import json

import numpy as np
import pytest
from car_video.eval.benchmarks import Options, make_benchmark
from car_video.eval.benchmarks.refcoco import merge
from car_video.eval.data import rle
from car_video.eval.data.refer import clean
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from car_video.errors import DataError

from .. import builders
from ..fakes import ColourSpec


def slow_merge(masks, scores):
    """Pixel by pixel, as docs/benchmarks.md says it."""
    merged = np.zeros(masks.shape[1:], bool)
    total = sum(float(s) for s in scores)
    for y in range(masks.shape[1]):
        for x in range(masks.shape[2]):
            value = sum(float(s) * bool(m[y, x]) for s, m in zip(scores, masks, strict=True))
            merged[y, x] = total > 0 and value / total >= 0.5
    if merged.mean() <= 0.05:
        return masks.any(axis=0)
    return merged


@settings(deadline=None, max_examples=60)
@given(
    arrays(bool, st.tuples(st.integers(1, 4), st.just(6), st.just(7))),
    st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]), min_size=4, max_size=4),
)
def test_merge_equals_the_slow_one(masks, scores):
    weights = np.array(scores[: len(masks)])
    np.testing.assert_array_equal(merge(masks, weights), slow_merge(masks, weights))


def test_small_objects_get_the_union():
    masks = np.zeros((2, 20, 20), bool)
    masks[0, :4, :4] = masks[1, 8:12, 8:12] = True
    assert merge(masks, np.array([0.6, 0.4])).sum() == 32
    masks[0, :10, :10] = True
    assert merge(masks, np.array([0.6, 0.4])).sum() == 100


def test_expressions_are_cleaned_as_in_car():
    assert clean(' The "RED"  square/left ') == "the red squareleft"


def predicted(bench, out):
    segmenters = ColourSpec().build()
    items = bench.items()
    for item in items:
        bench.predict(item, segmenters, out)
    return items


def test_official_form(tmp_path):
    bench = make_benchmark("refcoco", builders.refer(tmp_path / "r"), Options())
    items = bench.items()
    assert len(items) == 2  # the training picture is left out
    referent = items[0].payload[0]
    assert (referent.dataset, referent.split, referent.key) == ("refcoco", "val", "11")
    assert referent.expressions == (("110", "the red square"), ("111", "thing"))
    np.testing.assert_array_equal(referent.target(), builders.scene(40, 64, 1, 3)[1] == 1)


def test_datasets_and_splits_are_chosen(tmp_path):
    data = builders.refer(builders.refer(tmp_path / "r"), "refcoco+")
    both = make_benchmark("refcoco", data, Options()).items()
    assert {r.dataset for item in both for r in item.payload} == {"refcoco", "refcoco+"}
    one = make_benchmark("refcoco", data, Options(datasets=("refcoco+",))).items()
    assert {r.dataset for item in one for r in item.payload} == {"refcoco+"}
    with pytest.raises(DataError, match=r"--split testA.*refcoco \(val\); refcoco\+ \(val\)"):
        make_benchmark("refcoco", data, Options(split="testA")).items()


def test_masks_of_another_tool(tmp_path):
    """PNGs by expression number, or RLE records: per expression only."""
    data = builders.refer(tmp_path / "r")
    bench = make_benchmark("refcoco", data, Options())
    items = predicted(bench, tmp_path / "p")
    records = []
    for path in sorted((tmp_path / "p/per-expression/refcoco").iterdir()):
        (tmp_path / "flat").mkdir(exist_ok=True)
        (tmp_path / "flat" / path.name).write_bytes(path.read_bytes())
        mask = bench_mask(path)
        records.append({"sent_id": int(path.stem), "segmentation": rle.encode(mask)})
    (tmp_path / "r.json").write_text(json.dumps(records))
    own = {i.key: bench.score(i, tmp_path / "p")["per-expression"] for i in items}
    for other in (tmp_path / "flat", tmp_path / "r.json"):
        scores = {i.key: bench.score(i, other) for i in items}
        assert {key: score["per-expression"] for key, score in scores.items()} == own
        assert all("joint" not in score for score in scores.values())


def bench_mask(path):
    from car_video.eval.data.images import read_labels

    return read_labels(path) > 0


def test_two_records_of_one_expression(tmp_path):
    bench = make_benchmark("refcoco", builders.refer(tmp_path / "r"), Options())
    (tmp_path / "r.json").write_text(json.dumps([{"id": "110"}, {"id": "110"}]))
    with pytest.raises(DataError, match="two records"):
        bench.score(bench.items()[0], tmp_path / "r.json")


def test_files_of_two_data_sets(tmp_path):
    data = builders.refer(tmp_path / "r")
    path = data / "refcoco/instances.json"
    content = json.loads(path.read_text())
    content["annotations"] = content["annotations"][3:]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="mixed"):
        make_benchmark("refcoco", data, Options()).items()


def test_nothing_found(tmp_path):
    with pytest.raises(DataError, match=r"instances\.json"):
        make_benchmark("refcoco", tmp_path, Options()).items()


def test_grefcoco_numbers(tmp_path):
    bench = make_benchmark("grefcoco", builders.grefer(tmp_path / "g"), Options())
    items = predicted(bench, tmp_path / "p")
    scores = {item.key: bench.score(item, tmp_path / "p") for item in items}
    results = bench.summarise(scores, items).results["splits"]["val"]
    # one right, half of two, a right "no target", a wrong one
    assert results["gIoU"] == pytest.approx((1 + 0.5 + 1 + 0) / 4, abs=0.02)
    assert (results["N-acc"], results["T-acc"]) == (0.5, 1.0)
    assert results["without target"] == 2


def test_grefcoco_without_such_samples_has_no_accuracy(tmp_path):
    data = builders.grefer(tmp_path / "g")
    refs = json.loads((data / "grefs(unc).json").read_text())
    (data / "grefs(unc).json").write_text(json.dumps(refs[:1]))
    bench = make_benchmark("grefcoco", data, Options())
    items = predicted(bench, tmp_path / "p")
    results = bench.summarise({i.key: bench.score(i, tmp_path / "p") for i in items}, items)
    assert results.results["splits"]["val"]["N-acc"] is None
    assert results.results["splits"]["val"]["T-acc"] == 1.0


def test_development_set(shared_data):
    bench = make_benchmark("refcoco", shared_data / "refcoco-dev", Options())
    items = bench.items()
    assert len(items) == 5
    referents = [referent for item in items for referent in item.payload]
    assert sum(len(r.expressions) for r in referents) == 53
    assert all(referent.target().any() for referent in referents)


def test_pictures_of_one_name_in_two_folders_are_two_items(tmp_path):
    """As when each data set comes with its own copy; the second took the first one's place."""
    data = builders.refer(builders.refer(tmp_path / "r"), "refcoco+")
    bench = make_benchmark("refcoco", data, Options())
    items = predicted(bench, tmp_path / "p")
    assert len({item.key for item in items}) == len(items) == 4
    scores = {item.key: bench.score(item, tmp_path / "p") for item in items}
    protocols = bench.summarise(scores, items).results["protocols"]
    assert protocols["joint"]["refcoco val"]["samples"] == 4
    assert protocols["joint"]["refcoco+ val"]["samples"] == 4


def test_only_a_folder_with_two_splitters_is_named_after_them(tmp_path):
    data = builders.refer(builders.refer(tmp_path / "r"), "refcocog")
    first = data / "refcocog/refs(unc).p"
    (data / "refcocog/refs(google).p").write_bytes(first.read_bytes())
    items = make_benchmark("refcoco", data, Options()).items()
    found = {referent.dataset for item in items for referent in item.payload}
    assert found == {"refcoco", "refcocog_unc", "refcocog_google"}
