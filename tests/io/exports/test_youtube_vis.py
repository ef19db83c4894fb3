from __future__ import annotations

import json

import numpy as np
import pytest
from pycocotools import mask as coco

from car_video.io.exports import export
from tests.io.exports.runs import NAMES, make_run, masks_of


def test_segmentations_stand_at_their_frames(run, tmp_path):
    data = json.loads(export(run, "youtube-vis", tmp_path / "vis.json").read_text())
    (video,) = data["videos"]
    assert video["file_names"] == [f"clip/{n:05d}.jpg" for n in range(4)]
    assert [c["name"] for c in data["categories"]] == list(NAMES)
    for track in data["annotations"]:
        for index, code in enumerate(track["segmentations"]):
            truth = masks_of(index)[track["category_id"] - 1]
            assert (code is None) == (not truth.any())
            if code is not None:
                packed = coco.frPyObjects(code, *code["size"])
                np.testing.assert_array_equal(coco.decode(packed).astype(bool), truth)
                assert track["areas"][index] == truth.sum()
                assert track["bboxes"][index] == coco.toBbox(packed).tolist()


def test_what_is_in_no_frame_has_no_annotation(tmp_path):
    folder = make_run(tmp_path / "run", indices=(0, 3))
    data = json.loads(export(folder, "youtube-vis").read_text())
    assert len(data["categories"]) == 2
    assert [t["category_id"] for t in data["annotations"]] == [1]


def test_trackeval_scores_it_as_perfect(run, tmp_path):
    """The same tracks as ground truth and as a tracker's: every measure is 1."""
    trackeval = pytest.importorskip("trackeval")
    truth = tmp_path / "gt" / "youtube_vis_clip"
    found = tmp_path / "trackers" / "youtube_vis_clip" / "ours" / "data"
    truth.mkdir(parents=True)
    found.mkdir(parents=True)
    data = json.loads(export(run, "youtube-vis", truth / "gt.json").read_text())
    tracks = [
        {
            "video_id": t["video_id"],
            "category_id": t["category_id"],
            "segmentations": [
                c and coco.frPyObjects(c, *c["size"]) for c in t["segmentations"]
            ],
            "score": 1.0,
        }
        for t in data["annotations"]
    ]
    (found / "results.json").write_text(json.dumps(tracks, default=bytes.decode))
    dataset = trackeval.datasets.YouTubeVIS(
        {
            "GT_FOLDER": f"{tmp_path}/gt/",
            "TRACKERS_FOLDER": f"{tmp_path}/trackers/",
            "OUTPUT_FOLDER": str(tmp_path / "out"),
            "SPLIT_TO_EVAL": "clip",
            "PRINT_CONFIG": False,
        }
    )
    evaluator = trackeval.Evaluator(
        {
            "PRINT_RESULTS": False,
            "PRINT_CONFIG": False,
            "TIME_PROGRESS": False,
            "OUTPUT_SUMMARY": False,
            "OUTPUT_DETAILED": False,
            "PLOT_CURVES": False,
            "BREAK_ON_ERROR": True,
        }
    )
    results, _ = evaluator.evaluate(
        [dataset], [trackeval.metrics.HOTA({"PRINT_CONFIG": False})]
    )
    combined = results["YouTubeVIS"]["ours"]["COMBINED_SEQ"]
    for name in NAMES:
        np.testing.assert_allclose(combined[name]["HOTA"]["HOTA"], 1)
