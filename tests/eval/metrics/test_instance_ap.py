"""AP made up of pictures is AP of pycocotools over the whole set."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from car_video.eval.metrics.instance_ap import average_precision, match_instances
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from car_video.io.label_outputs.records import encode_mask
from car_video.io.rle import decode_rle

SIZE = (40, 50)


def objects(generator: np.random.Generator, count: int, scored: bool) -> list[dict[str, Any]]:
    found = []
    for _ in range(count):
        y, x = generator.integers(0, 20, 2) // 4 * 4
        mask = np.zeros(SIZE, bool)
        mask[y : y + 16, x : x + int(generator.integers(12, 22))] = True
        entry: dict[str, Any] = {
            "category_id": int(generator.integers(1, 4)),
            "segmentation": encode_mask(mask),
            "area": int(mask.sum()),
        }
        if scored:
            entry["score"] = float(generator.random())
        else:
            entry["iscrowd"] = int(generator.random() < 0.2)
        found.append(entry)
    return found


def test_ap_of_pictures_is_that_of_the_set() -> None:
    generator = np.random.default_rng(0)
    pictures = []
    for number in range(20):  # of each object something like it, and some more
        truth = objects(generator, number % 4, False)
        found = objects(generator, (number + 2) % 4, True)
        for entry in truth:
            mask = np.roll(decode_rle(entry["segmentation"]), generator.integers(-3, 4), 1)
            alike = {**entry, "segmentation": encode_mask(mask), "score": generator.random()}
            found.append({k: v for k, v in alike.items() if k != "iscrowd"})
        pictures.append((truth, found))
    matches = [match_instances(SIZE, truth, found) for truth, found in pictures]
    ours = average_precision(matches, [1, 2, 3, 4])
    truth, results = COCO(), []
    truth.dataset = {
        "info": {},
        "images": [{"id": n, "height": SIZE[0], "width": SIZE[1]} for n in range(20)],
        "categories": [{"id": c} for c in (1, 2, 3, 4)],
        "annotations": [],
    }
    for number, (real, found) in enumerate(pictures):
        for entry in real:
            identity = len(truth.dataset["annotations"]) + 1
            truth.dataset["annotations"].append(entry | {"id": identity, "image_id": number})
        results += [entry | {"image_id": number} for entry in found]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        whole = COCOeval(truth, truth.loadRes(results), "segm")
        whole.evaluate()
        whole.accumulate()
        whole.summarize()
    assert ours is not None
    assert [ours["AP"], ours["AP50"], ours["AP75"]] == pytest.approx(whole.stats[:3], abs=1e-12)
    assert 0.2 < ours["AP"] < ours["AP50"] < 0.95


def test_nothing_annotated_has_no_ap() -> None:
    found = objects(np.random.default_rng(1), 2, True)
    assert average_precision([match_instances(SIZE, [], found)], [1, 2, 3]) is None
    assert average_precision([match_instances(SIZE, [], [])], [1, 2, 3]) is None


def test_nothing_found_is_nought() -> None:
    truth = objects(np.random.default_rng(1), 2, False)
    truth = [entry | {"iscrowd": 0} for entry in truth]
    ours = average_precision([match_instances(SIZE, truth, [])], [1, 2, 3])
    assert ours == {"AP": 0.0, "AP50": 0.0, "AP75": 0.0}
