from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from car_video.errors import OutputError
from car_video.io.exports import export
from tests.io.exports.runs import NAMES, prediction_of, visible_masks


def test_text_has_masks_that_do_not_overlap(run):
    seen = {}
    for line in export(run, "mots").read_text().splitlines():
        frame, track, kind, height, width, counts = line.split(" ")
        code = {"size": [int(height), int(width)], "counts": counts}
        seen[int(frame) - 1, int(track) - 2001] = coco.decode(code).astype(bool)
        assert kind == "2"
    truth = {(n, q): m for n in range(4) for q, m in enumerate(visible_masks(n)) if m.any()}
    assert seen.keys() == truth.keys()
    for key, mask in truth.items():
        np.testing.assert_array_equal(seen[key], mask)


def test_trackeval_scores_it_as_perfect(run, tmp_path):
    trackeval = pytest.importorskip("trackeval")
    truth, found = tmp_path / "gt" / "clip" / "gt", tmp_path / "trackers" / "ours" / "data"
    truth.mkdir(parents=True)
    found.mkdir(parents=True)
    export(run, "mots", truth / "gt.txt")
    export(run, "mots", found / "clip.txt")
    quiet = {"PRINT_CONFIG": False}
    dataset = trackeval.datasets.MOTSChallenge(
        {
            **quiet,
            "GT_FOLDER": str(tmp_path / "gt"),
            "TRACKERS_FOLDER": str(tmp_path / "trackers"),
            "SEQ_INFO": {"clip": 4},
            "SKIP_SPLIT_FOL": True,
        }
    )
    evaluator = trackeval.Evaluator(
        {
            **quiet,
            "PRINT_RESULTS": False,
            "TIME_PROGRESS": False,
            "OUTPUT_SUMMARY": False,
            "OUTPUT_DETAILED": False,
            "PLOT_CURVES": False,
            "BREAK_ON_ERROR": True,
        }
    )
    results, _ = evaluator.evaluate([dataset], [trackeval.metrics.HOTA(quiet)])
    scores = results["MOTSChallenge"]["ours"]["COMBINED_SEQ"]["pedestrian"]["HOTA"]
    np.testing.assert_allclose(scores["HOTA"], 1)


def test_png_has_class_and_object(run, tmp_path):
    folder = export(run, "mots-png", tmp_path / "mots") / "instances"
    assert (folder / "labels.txt").read_text(encoding="utf-8").splitlines() == list(NAMES)
    for index in range(4):
        with Image.open(folder / f"{index:06d}.png") as image:
            ids = np.asarray(image)
        for query, mask in enumerate(visible_masks(index)):
            np.testing.assert_array_equal(ids == 1001 * (query + 1), mask)


def test_datumaro_reads_the_png(run, tmp_path):
    datumaro = pytest.importorskip("datumaro")
    folder = export(run, "mots-png", tmp_path / "mots")
    data = datumaro.Dataset.import_from(str(folder), "mots")
    seen = 0
    for item in data:
        truth = visible_masks(int(item.id))
        for shape in item.annotations:
            seen += 1
            np.testing.assert_array_equal(np.asarray(shape.image, bool), truth[shape.label])
    assert seen == sum(m.any() for n in range(4) for m in visible_masks(n))


def test_more_objects_than_16_bits_hold(tmp_path):
    one = prediction_of(0, names=("a",))
    many = type(one)(
        *(0, 0.0, tuple(map(str, range(65)))),
        *(np.zeros((65, 4, 4), bool), np.zeros(65, np.float32), np.zeros(65, bool)),
    )
    with pytest.raises(OutputError, match="mots-png holds 64 objects, not 65"):
        export([many], "mots-png", tmp_path / "mots")
