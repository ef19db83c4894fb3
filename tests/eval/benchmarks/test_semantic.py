"""Semantic benchmarks: layouts, protocols of the background, predictions of other tools."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from car_video.eval.benchmarks import Options, make_benchmark
from car_video.eval.data import rle
from car_video.eval.data.coco import CocoImage, Instance, class_map
from car_video.eval.data.semantic import CLASS_OF_COCO, COCO_IDS

from car_video.errors import DataError
from car_video.text.label_spaces import label_space

from .. import builders


def summarise(bench, predictions):
    items = bench.items()
    scores = {item.key: bench.score(item, predictions) for item in items}
    return bench.summarise(json.loads(json.dumps(scores)), items)


def slow_iou(truths, predictions, classes, drop):
    """Class by class over concatenated pixels."""
    truth = np.concatenate([t.ravel() for t in truths])
    predicted = np.concatenate([p.ravel() for p in predictions])
    known = truth != 255
    truth, predicted = truth[known], predicted[known]
    if drop:
        inside = (truth > 0) & (predicted > 0)
        truth, predicted = truth[inside], predicted[inside]
    values = []
    for number in range(classes):
        if (truth == number).any():
            both = ((truth == number) & (predicted == number)).sum()
            values.append(both / ((truth == number) | (predicted == number)).sum())
    return float(np.mean(values))


def test_miou_of_random_predictions_equals_the_slow_one(tmp_path):
    data = builders.voc(tmp_path / "voc")
    bench = make_benchmark("voc", data, Options())
    random = np.random.default_rng(0)
    truths, predictions = [], []
    for item in bench.items():
        truths.append(item.payload.truth())
        predictions.append(random.integers(0, 4, truths[-1].shape).astype(np.uint8))
        builders.save_labels(tmp_path / f"p/{item.key}.png", predictions[-1])
    results = summarise(bench, tmp_path / "p").results
    assert results["mIoU"] == pytest.approx(slow_iou(truths, predictions, 21, False))
    dropped = results["mIoU_by_background"]["drop"]
    assert dropped == pytest.approx(slow_iou(truths, predictions, 21, True))
    assert "background is a class" in results["protocol"]
    assert list(results["per_class"]) == ["background", "aeroplane", "bicycle"]


def test_ade_names_the_ignore_background_protocol(tmp_path):
    image, labels = builders.scene(40, 64, 1, 3)
    builders.save_image(tmp_path / "images/validation/a.jpg", image)
    builders.save_labels(tmp_path / "annotations/validation/a.png", labels)
    builders.save_labels(tmp_path / "p/a.png", labels)
    results = summarise(make_benchmark("ade", tmp_path, Options()), tmp_path / "p").results
    assert results["protocol"].startswith("ignore_background")
    assert results["mIoU"] == 1.0
    assert list(results["per_class"]) == ["wall", "building, edifice", "sky"]


def test_context_layout(tmp_path):
    data = builders.voc(tmp_path / "VOCdevkit/VOC2010")
    shutil.move(data / "SegmentationClass", data / "SegmentationClassContext")
    shutil.move(data / "ImageSets/Segmentation", data / "ImageSets/SegmentationContext")
    assert len(make_benchmark("context", tmp_path, Options()).items()) == 3


def test_nearest_folder_is_named(tmp_path):
    for name in ("voc", "context", "coco-object", "ade"):
        with pytest.raises(DataError):
            make_benchmark(name, tmp_path, Options()).items()


def coco(root):
    image, labels = builders.scene(40, 64, 1, 3)
    builders.save_image(root / "images/000000000007.jpg", image)
    categories = {1: 1, 2: 13, 3: 90}
    data = {
        "images": [{"id": 7, "file_name": "000000000007.jpg", "height": 40, "width": 64}],
        "annotations": builders.coco_instances(labels, 7, categories),
        "categories": [{"id": i, "name": str(i)} for i in COCO_IDS],
    }
    (root / "instances.json").write_text(json.dumps(data))
    return labels, categories


def test_coco_instances_and_results_file(tmp_path):
    labels, categories = coco(tmp_path)
    bench = make_benchmark("coco-object", tmp_path, Options())
    (item,) = bench.items()
    expected = np.choose(labels, [0, 1, 12, 80])
    np.testing.assert_array_equal(item.payload.truth(), expected)
    records = [
        {"image_id": 7, "category_id": c, "score": 0.9, "segmentation": rle.encode(labels == k)}
        for k, c in categories.items()
    ]
    wrong = rle.encode(np.ones((40, 64), bool))
    records.append({"image_id": 7, "category_id": 2, "score": 0.1, "segmentation": wrong})
    (tmp_path / "r.json").write_text(json.dumps(records))
    results = summarise(bench, tmp_path / "r.json").results
    assert results["per_class"]["toothbrush"] == 1.0
    assert results["per_class"]["background"] == 0.0  # the low score lies below, not above


def test_groupvit_conversion(tmp_path):
    image, labels = builders.scene(40, 64, 1, 2)
    builders.save_image(tmp_path / "images/val2017/000000000001.jpg", image)
    path = tmp_path / "annotations/val2017/000000000001_instanceTrainIds.png"
    builders.save_labels(path, labels)
    (item,) = make_benchmark("coco-object", tmp_path, Options()).items()
    assert item.key == "000000000001"
    np.testing.assert_array_equal(item.payload.truth(), labels)


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ({"image_id": 7, "category_id": 12, "segmentation": None}, "unknown category 12"),
        ({"image_id": 7, "segmentation": None}, "no COCO results file.*docs"),
        (
            {
                "image_id": 7,
                "category_id": 1,
                "score": float("inf"),
                "segmentation": None,
            },
            "not finite",
        ),
    ],
)
def test_bad_results_files(tmp_path, record, word):
    coco(tmp_path)
    bench = make_benchmark("coco-object", tmp_path, Options())
    (tmp_path / "r.json").write_text(json.dumps([record]))
    with pytest.raises(DataError, match=word):
        bench.score(bench.items()[0], tmp_path / "r.json")


def test_results_files_are_for_coco_only(tmp_path):
    bench = make_benchmark("voc", builders.voc(tmp_path), Options())
    (tmp_path / "r.json").write_text("[]")
    with pytest.raises(DataError, match="coco-object only"):
        bench.has_prediction(bench.items()[0], tmp_path / "r.json")


def test_small_instances_lie_on_top_and_crowds_below():
    image = CocoImage(1, "x.jpg", 10, 10)
    square = [[2.0, 2.0, 6.0, 2.0, 6.0, 6.0, 2.0, 6.0]]
    whole = [[0.0, 0.0, 10.0, 0.0, 10.0, 10.0, 0.0, 10.0]]
    instances = [
        Instance(1, 1, 16.0, False, square),
        Instance(2, 2, 100.0, False, whole),
        Instance(3, 3, 1.0, True, {"size": [10, 10], "counts": [0, 100]}),
    ]
    labels = class_map(image, instances, CLASS_OF_COCO, "x")
    assert (labels == 1).sum() == 16
    assert (labels == 2).sum() == 84


def test_categories_of_another_data_set(tmp_path):
    coco(tmp_path)
    path = tmp_path / "instances.json"
    data = json.loads(path.read_text())
    data["categories"].append({"id": 200, "name": "x"})
    path.write_text(json.dumps(data))
    with pytest.raises(DataError, match="category 200"):
        make_benchmark("coco-object", tmp_path, Options()).items()


def test_coco_order_is_that_of_the_label_space():
    names = label_space("coco-object").names
    assert len(COCO_IDS) == len(names) == 80
    assert names[CLASS_OF_COCO[18] - 1] == "dog"
    assert names[CLASS_OF_COCO[90] - 1] == "toothbrush"


def test_development_set(shared_data, tmp_path):
    data = shared_data / "coco-dev"
    bench = make_benchmark("coco-object", data, Options())
    items = bench.items()
    assert len(items) == 100
    for item in items[:5]:
        builders.save_labels(tmp_path / f"{item.key}.png", item.payload.truth())
    scores = {item.key: bench.score(item, tmp_path) for item in items[:5]}
    assert bench.summarise(scores, items[:5]).results["mIoU"] == 1.0
