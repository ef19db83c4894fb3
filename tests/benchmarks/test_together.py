"""Which things are named together, and how their masks are scored."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.together import dropping, interval, pictures, scores
from car_video import ImageSegmenter
from car_video.config import RecurrenceConfig
from tests.segment.colour_model import PLAIN, RED, ColourModel, picture


def square(left: int, top: int, side: int) -> list[list[int]]:
    right, bottom = left + side, top + side
    return [[left, top, right, top, right, bottom, left, bottom]]


def coco(folder: Path, *things: tuple[int, list[list[int]], int]) -> None:
    """A file of one picture of 100 x 100 with things: class, polygon, crowd."""
    (folder / "images").mkdir()
    Image.new("RGB", (100, 100)).save(folder / "images" / "1.jpg")
    annotations = [
        {"id": n, "image_id": 1, "category_id": kind, "segmentation": outline, "area": 100.0,
         "iscrowd": crowd, "bbox": [0, 0, 1, 1]}
        for n, (kind, outline, crowd) in enumerate(things, 1)
    ]  # fmt: skip
    data = {
        "images": [{"id": 1, "file_name": "1.jpg", "height": 100, "width": 100}],
        "categories": [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}],
        "annotations": annotations,
    }
    (folder / "instances.json").write_text(json.dumps(data))


def test_all_large_things_are_named_and_single_ones_scored(tmp_path: Path) -> None:
    coco(
        tmp_path,
        (1, square(0, 0, 20), 0),
        (3, square(50, 50, 20), 0),
        (3, square(80, 80, 10), 0),
        (1, square(30, 30, 3), 0),  # too small to be meant
    )
    (found,) = pictures(tmp_path)
    assert found.texts == ("the person", "the car")
    assert [len(masks) for masks in found.things] == [1, 2]
    masks = np.stack([found.things[1][0], found.things[1][0]])
    assert scores(masks, found.things) == [(0.0, 1.0)]  # the car in place of the person
    masks[0] = found.things[0][0]
    assert scores(masks, found.things) == [(1.0, 0.0)]


def test_one_class_alone_is_not_together(tmp_path: Path) -> None:
    coco(tmp_path, (1, square(0, 0, 20), 0), (1, square(40, 40, 20), 0))
    assert not list(pictures(tmp_path))


def test_the_interval_holds_a_clear_difference() -> None:
    rng = np.random.default_rng(0)
    base = [[(float(v), 0.0) for v in rng.random(3)] for _ in range(40)]
    more = [[(v + 0.1 + 0.02 * float(rng.normal()), o) for v, o in some] for some in base]
    low, high = interval(more, base)
    assert 0.05 < low < 0.1 < high < 0.15
    assert interval(base, base) == pytest.approx((0, 0))


def test_only_in_the_row_dropped_a_rival_drops_what_is_assumed_to_be_there() -> None:
    recurrence = RecurrenceConfig(confidence_threshold=0.6)  # the green thing has 0.5
    config = replace(PLAIN, assume_present=True, recurrence=recurrence)
    model, image = ColourModel(), picture((RED, (255, 0, 0)))
    kept, dropped = ImageSegmenter(model, ["a"], config), dropping(model, config)
    for segmenter, alive in ((kept, [0, 1]), (dropped, [0])):
        segmenter.set_expressions(("a red thing", "a green thing"))
        assert segmenter.recur(segmenter.encode(image)).alive.tolist() == alive
    assert dropped.config == replace(kept.config, recurrence=recurrence), "as it is else"
