"""Ref-DAVIS: items, layouts of predictions, agreement with the metrics on real masks."""

from __future__ import annotations

import json
import shutil
from statistics import fmean

import numpy as np
import pytest
from car_video.eval.benchmarks import Options, make_benchmark
from car_video.eval.benchmarks.ref_davis import frame_times
from car_video.eval.data import rle
from car_video.eval.metrics import contour_accuracy, region_similarity
from PIL import Image

from .. import builders


def benchmark(data, **options):
    return make_benchmark("ref-davis", data, Options(**options))


def summary(bench, predictions):
    items = bench.items()
    scores = {item.key: bench.score(item, predictions) for item in items}
    return bench.summarise(json.loads(json.dumps(scores)), items)


@pytest.fixture
def davis(tmp_path):
    return builders.davis(tmp_path / "davis", {"two": 2}, annotators=("annot1", "annot2"))


def test_items_are_annotator_by_sequence(davis):
    items = benchmark(davis).items()
    assert [item.key for item in items] == ["annot1/two", "annot2/two"]
    assert items[0].payload.objects == (1, 2)
    assert items[0].payload.expressions == ("a red square", "a green square")
    for name in ("annot2", "2"):
        chosen = benchmark(davis, annotators=(name,)).items()
        assert [item.key for item in chosen] == ["annot2/two"]


def test_other_layouts_of_the_data_set(davis, tmp_path):
    """ReferFormer's conversion: valid/JPEGImages, valid/Annotations, meta_expressions."""
    root = tmp_path / "converted"
    shutil.copytree(davis / "JPEGImages/480p", root / "valid/JPEGImages")
    shutil.copytree(davis / "Annotations/480p", root / "valid/Annotations")
    expressions = {
        str(i): {"exp": f"text {i}", "obj_id": str(i // 4 + 1)} for i in range(2 * 4)
    }
    meta = root / "meta_expressions/valid/meta_expressions.json"
    meta.parent.mkdir(parents=True)
    frames = [f"{i:05d}" for i in range(5)]
    videos = {"two": {"expressions": expressions, "frames": frames}}
    meta.write_text(json.dumps({"videos": videos}))
    items = benchmark(root).items()
    assert [item.key.split("/")[0] for item in items] == [
        "annot1", "annot1_full_video", "annot2", "annot2_full_video",
    ]  # fmt: skip
    assert items[1].payload.expressions == ("text 1", "text 5")


def test_the_unsupervised_task_takes_its_own_annotations(davis):
    shutil.copytree(davis / "Annotations/480p", davis / "Annotations_unsupervised/480p")
    path = benchmark(davis, task="unsupervised").items()[0].payload.video.labels[0]
    assert "Annotations_unsupervised" in str(path)
    assert "Annotations_unsupervised" not in str(
        benchmark(davis).items()[0].payload.video.labels
    )


def write_layouts(davis, folder):
    """The same masks (object 2 missing from frame 2 on) in every layout that is read."""
    truth = [
        np.array(Image.open(p)) for p in sorted((davis / "Annotations/480p/two").iterdir())
    ]
    maps = [np.where((labels == 2) & (i >= 2), 0, labels) for i, labels in enumerate(truth)]
    binary = [[(labels == identity) for labels in maps] for identity in (1, 2)]
    for i, labels in enumerate(maps):
        for annotator, number in (("annot1", 0), ("annot2", 2)):
            builders.save_labels(folder / f"ours/{annotator}/two/{i:05d}.png", labels)
            builders.save_labels(folder / f"car/{annotator}/two_car/masks/{i:05d}.png", labels)
            builders.save_labels(folder / f"referformer/anno_{number}/two/{i:05d}.png", labels)
            grey = Image.fromarray(labels.astype(np.uint8))
            path = folder / f"grey/{annotator}/two/{i:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            grey.save(path)
            for identity in (1, 2):
                path = folder / f"folders/{annotator}/two/{identity}/{i:05d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(binary[identity - 1][i].astype(np.uint8) * 255).save(path)
    records = [
        {
            "sequence": "two",
            "annotator": annotator,
            "object": identity,
            "segmentations": [rle.encode(m) if m.any() else None for m in binary[identity - 1]],
        }
        for annotator in ("annot1", "annot2")
        for identity in (1, 2)
    ]
    (folder / "rle.json").write_text(json.dumps(records))
    frames = [
        {
            "objects": [
                {
                    "expression": 1 - k,
                    "present": bool(binary[k][i].any()),
                    "score": 0.5,
                    "segmentation": rle.encode(binary[k][i]),
                }
                for k in (0, 1)
            ]
        }
        for i in range(len(maps))
    ]
    own = {"expressions": ["A green  square", "a red square"], "frames": frames}
    for annotator in ("annot1", "annot2"):
        path = folder / f"own/{annotator}/two_car/predictions.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(own))
    return ["ours", "car", "referformer", "grey", "folders", "rle.json", "own"]


def test_every_layout_of_predictions_gives_the_same_numbers(davis, tmp_path):
    layouts = write_layouts(davis, tmp_path / "masks")
    found = [summary(benchmark(davis), tmp_path / "masks" / name) for name in layouts]
    assert all(s.results == found[0].results for s in found)
    assert found[0].results["per_sequence"]["two"]["1"] == {"J": 1.0, "F": 1.0}
    assert found[0].results["per_sequence"]["two"]["2"] == {"J": 1 / 3, "F": 1 / 3}


def test_binary_grey_masks_of_a_single_object(tmp_path):
    data = builders.davis(tmp_path / "davis", {"one": 1})
    for path in sorted((data / "Annotations/480p/one").iterdir()):
        mask = np.array(Image.open(path)) > 0
        builders.save_image(tmp_path / "masks/one" / path.name, mask.astype(np.uint8) * 255)
    assert summary(benchmark(data), tmp_path / "masks").results["J&F"] == 1.0


def test_overlapping_masks_go_to_the_higher_score(davis, tmp_path):
    full = rle.encode(np.ones((40, 64), bool))
    records = [
        {"sequence": "two", "object": k, "score": s, "segmentations": [full] * 5}
        for k, s in ((1, 0.3), (2, 0.7))
    ]
    (tmp_path / "r.json").write_text(json.dumps(records))
    bench = benchmark(davis, annotators=("annot1",))
    found = summary(bench, tmp_path / "r.json").results["per_sequence"]["two"]
    assert found["1"]["J"] == 0.0
    assert found["2"]["J"] > 0.0


def test_unsupervised_assigns_and_semi_supervised_does_not(davis, tmp_path):
    for path in sorted((davis / "Annotations/480p/two").iterdir()):
        labels = np.array(Image.open(path))
        swapped = np.choose(labels, [0, 5, 1])
        builders.save_labels(tmp_path / "masks/two" / path.name, swapped)
    one = {"annotators": ("annot1",)}
    free = summary(benchmark(davis, task="unsupervised", **one), tmp_path / "masks")
    assert free.results["J&F"] == 1.0
    assert free.results["task"] == "unsupervised"


def test_mean_over_annotators_is_the_mean_of_their_numbers(davis, tmp_path):
    layouts = tmp_path / "masks"
    write_layouts(davis, layouts)
    for path in sorted((layouts / "ours/annot2/two").iterdir()):  # annotator 2: nothing found
        builders.save_labels(path, np.zeros((40, 64), np.uint8))
    results = summary(benchmark(davis), layouts / "ours").results
    per_annotator = results["per_annotator"]
    assert per_annotator["annot2"]["J"] == 0.0
    assert results["J"] == fmean(s["J"] for s in per_annotator.values())
    assert results["per_sequence"]["two"]["1"] == {"J": 0.5, "F": 0.5}


def test_expressions_for_the_first_frame_and_for_the_whole_video(tmp_path):
    names = ("annot1", "annot1_full_video", "annot2", "annot2_full_video")
    data = builders.davis(tmp_path / "davis", {"two": 2}, annotators=names)
    write_layouts(data, tmp_path / "masks")
    for name in names:
        source = tmp_path / "masks/ours" / name.removesuffix("_full_video")
        if not (tmp_path / "masks/ours" / name).exists():
            shutil.copytree(source, tmp_path / "masks/ours" / name)
    for path in (tmp_path / "masks/ours/annot1_full_video/two").iterdir():
        builders.save_labels(path, np.zeros((40, 64), np.uint8))
    found = summary(benchmark(data), tmp_path / "masks/ours")
    forms = found.results["per_form"]
    assert forms["full video"]["J-Mean"] == forms["first frame"]["J-Mean"] / 2
    rows = [row[0] for row in found.tables[0].rows]
    assert rows == [*names, "mean, first frame", "mean, full video", "mean"]
    assert found.warnings == ()


def test_real_masks_against_frame_by_frame_scores(shared_data, tmp_path):
    """Shifted real masks: equal to J and F of single frames, first and last dropped."""
    data = shared_data / "ref-davis-dev"
    bench = benchmark(data)
    item = next(item for item in bench.items() if item.group == "dog-agility")
    truth = item.payload.video.read_labels()
    shifted = np.roll(truth, 5, axis=2)
    for frame, labels in zip(item.payload.video.frames, shifted, strict=True):
        builders.save_labels(tmp_path / f"dog-agility/{frame}.png", labels)
    scores = {item.key: bench.score(item, tmp_path)}
    results = bench.summarise(scores, [item]).results
    pairs = list(zip(truth[1:-1] == 1, shifted[1:-1] == 1, strict=True))
    assert results["J"] == pytest.approx(fmean(float(region_similarity(*p)) for p in pairs))
    assert results["F"] == pytest.approx(fmean(float(contour_accuracy(*p)) for p in pairs))
    assert 0 < results["flicker"]["truth"] < 1


def test_strips_show_frames_with_both_masks(davis, tmp_path):
    write_layouts(davis, tmp_path / "masks")
    bench = benchmark(davis)
    strips = bench.strips(bench.items()[0], tmp_path / "masks/ours")
    assert [strip.title[:16] for strip in strips] == ["two, frame 00001", "two, frame 00003"]
    assert set(np.unique(strips[1].truth)) == {0, 1, 2}
    assert set(np.unique(strips[1].predicted)) == {0, 1}
    assert strips[0].image.shape == (40, 64, 3)


def test_frames_keep_the_times_of_their_numbers():
    whole = frame_times([f"{number:05d}" for number in range(17)])
    assert whole[:3] == [0.0, 1 / 24, 2 / 24]
    assert frame_times(["00000", "00008", "00016"]) == whole[::8]
    assert frame_times(["00040", "00048"]) == [0.0, 8 / 24]


def test_frames_whose_names_are_no_rising_numbers_are_counted():
    for names in (["a", "b", "c"], ["2", "1", "3"], ["1", "1", "2"], ["-1", "0", "1"]):
        assert frame_times(names) == [0.0, 1 / 24, 2 / 24]
    assert frame_times([]) == []
