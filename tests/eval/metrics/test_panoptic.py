"""Panoptic quality: golden values, a slow form, and the released evaluation beside ours."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from car_video.eval.metrics.panoptic import (
    PanopticCounts,
    PanopticSegment,
    compare_segments,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from car_video.errors import DataError
from car_video.io.label_outputs.panoptic_png import rgb_of_ids
from tests.naive.panoptic import panoptic_counts

Scene = tuple[np.ndarray, list[PanopticSegment], np.ndarray, list[PanopticSegment]]


def golden() -> Scene:
    truth, predicted = np.zeros((10, 10), np.int32), np.zeros((10, 10), np.int32)
    truth[:5, :5], truth[:5, 5:] = 1, 2
    truth[5:, :4], truth[5:, 4:7] = 70_000, 4
    predicted[:5, :6], predicted[:5, 6:] = 11, 12
    predicted[5:, :2], predicted[5:, 2:5] = 13, 14
    predicted[5:, 5:7], predicted[5:, 7:] = 15, 16
    real = [(1, 1, False), (2, 2, False), (70_000, 3, False), (4, 1, True)]
    found = [(11, 1), (12, 2), (13, 3), (14, 3), (15, 1), (16, 2)]
    return (
        truth,
        [PanopticSegment(i, c, crowd, int((truth == i).sum())) for i, c, crowd in real],
        predicted,
        [PanopticSegment(i, c) for i, c in found],
    )


def test_golden_quality() -> None:
    counts = compare_segments(*golden())
    of = {c: (v.iou, v.matched, v.wrong, v.missed) for c, v in counts.categories.items()}
    assert of[1] == (pytest.approx(5 / 6), 1, 0, 0)
    assert of[2] == (pytest.approx(0.8), 1, 0, 0)
    assert of[3] == (0.0, 0, 2, 1)
    overall, things, stuff = (counts.mean(c) for c in ((1, 2, 3, 4), (1, 2), (3, 4)))
    assert overall is not None
    assert things is not None
    assert stuff is not None
    assert (overall.pq, overall.sq, overall.rq) == pytest.approx(
        (0.544444, 0.544444, 0.666667), abs=1e-6
    )
    assert (overall.count, stuff.pq) == (3, 0.0)
    assert things.pq == pytest.approx(0.816667, abs=1e-6)
    assert counts.quality(4) is None
    assert counts.mean([4]) is None


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Few segments on few pixels, so that ties, empty pictures and crowds are common."""
    size = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    pixels = size[0] * size[1]

    def ids(most: int) -> np.ndarray:
        values = draw(st.lists(st.integers(0, most), min_size=pixels, max_size=pixels))
        return np.array(values, np.int32).reshape(size)

    truth, predicted = ids(4), ids(3)
    if draw(st.booleans()):  # much alike, so that there are matches
        keep = np.array(draw(st.lists(st.booleans(), min_size=pixels, max_size=pixels)))
        predicted = np.where(keep.reshape(size), np.minimum(truth, 3), predicted)
    category = st.integers(1, 2)
    crowds = 0
    real = []
    for i in np.unique(truth[truth > 0]).tolist():
        crowd = draw(st.booleans()) and crowds == 0  # the released code remembers one only
        crowds += crowd
        area = int((truth == i).sum())
        real.append(PanopticSegment(i, draw(category), crowd, area))
    found = [PanopticSegment(i, draw(category)) for i in np.unique(predicted[predicted > 0])]
    return truth, real, predicted, found


@settings(max_examples=80, deadline=None)
@given(scenes())
def test_counts_are_those_of_masks_one_by_one(scene: Scene) -> None:
    truth, real, predicted, found = scene
    slow = panoptic_counts(
        truth,
        [(s.id, s.category, s.crowd) for s in real],
        predicted,
        [(s.id, s.category, s.crowd) for s in found],
    )
    counts = compare_segments(truth, real, predicted, found).categories
    for category in {*slow, *counts}:
        own = counts.get(category)
        ours = [own.iou, own.matched, own.wrong, own.missed] if own else [0, 0, 0, 0]
        assert ours == pytest.approx(slow.get(category, [0, 0, 0, 0]), abs=1e-9)


def random_set(folder: Path, pictures: int = 25) -> tuple[list[Scene], Path, Path]:
    """A data set with crowds, void, ties and empty predictions, in COCO's form on disk."""
    generator = np.random.default_rng(0)
    chosen: list[Scene] = [golden()]
    for number in range(pictures):
        blocks = generator.integers(0, 7, (4, 5))
        truth = np.kron(blocks, np.ones((6, 6), np.int32)).astype(np.int32)
        moved = np.roll(truth, generator.integers(0, 4), 1)
        predicted = np.where(generator.random(truth.shape) < 0.02 * number, 0, moved)
        truth[truth > 4] *= 20_000
        real = [
            PanopticSegment(
                i, int(generator.integers(1, 5)), bool(generator.random() < 0.2),
                int((truth == i).sum()),
            )
            for i in np.unique(truth[truth > 0]).tolist()
        ]  # fmt: skip
        of = {s.id: s.category for s in real}
        found = [
            PanopticSegment(
                i,
                of.get(i, of.get(i * 20_000, 1)) if generator.random() < 0.8 else 3,
            )
            for i in np.unique(predicted[predicted > 0]).tolist()
        ]
        chosen.append((truth, real, predicted.astype(np.int32), found))
    blank = np.zeros((8, 8), np.int32)
    chosen.append((blank, [], blank, []))
    chosen.append((blank + 1, [PanopticSegment(1, 2, False, 64)], blank, []))
    chosen.append((blank, [], blank + 9, [PanopticSegment(9, 2)]))
    paths = []
    for place, name in ((0, "truth"), (2, "found")):
        (folder / name).mkdir()
        annotations = []
        for number, scene in enumerate(chosen):
            Image.fromarray(rgb_of_ids(scene[place])).save(folder / name / f"{number}.png")
            segments: Any = scene[place + 1]
            annotations.append(
                {
                    "image_id": number,
                    "file_name": f"{number}.png",
                    "segments_info": [
                        {
                            "id": int(s.id),
                            "category_id": s.category,
                            "iscrowd": int(s.crowd),
                            "area": s.area,
                        }
                        for s in segments
                    ],
                }
            )
        kinds = [{"id": c, "isthing": int(c < 3), "name": str(c)} for c in range(1, 6)]
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps({"annotations": annotations, "categories": kinds}))
    return chosen, paths[0], paths[1]


def test_the_released_evaluation_beside_ours(tmp_path: Path) -> None:
    official = pytest.importorskip(
        "panopticapi.evaluation", reason="panopticapi is not installed (it wants numpy 1)"
    )
    chosen, truth, found = random_set(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        results = official.pq_compute(str(truth), str(found))
    counts = PanopticCounts()
    for scene in chosen:
        counts += compare_segments(*scene)
    parts = {"All": range(1, 6), "Things": (1, 2), "Stuff": (3, 4, 5)}
    for part, categories in parts.items():
        ours = counts.mean(categories)
        assert ours is not None
        theirs = results[part]
        assert abs(ours.pq - theirs["pq"]) < 1e-9
        assert abs(ours.sq - theirs["sq"]) < 1e-9
        assert abs(ours.rq - theirs["rq"]) < 1e-9
        assert ours.count == theirs["n"]
    for category, quality in results["per_class"].items():
        own = counts.quality(category)
        assert (0.0 if own is None else own.pq) == pytest.approx(quality["pq"], abs=1e-9)


def test_what_is_no_panoptic_prediction() -> None:
    truth, real, predicted, found = golden()
    with pytest.raises(DataError, match="a segment 16 that the JSON lacks"):
        compare_segments(truth, real, predicted, found[:-1])
    with pytest.raises(DataError, match="segment 17 without a pixel"):
        compare_segments(truth, real, predicted, [*found, PanopticSegment(17, 1)])
    with pytest.raises(DataError, match="predict at the annotation's size"):
        compare_segments(truth, real, predicted[1:], found)
