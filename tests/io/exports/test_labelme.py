from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from car_video.io.exports import export
from tests.io.exports.runs import NAMES, masks_of


def test_masks_stand_in_their_boxes(run, tmp_path):
    folder = export(run, "labelme", tmp_path / "labelme")
    for index in range(4):
        data = json.loads((folder / f"{index:05d}.json").read_text())
        assert data["imagePath"] == f"{index:05d}.jpg"
        truth = {n: m for n, m in zip(NAMES, masks_of(index), strict=True) if m.any()}
        assert [shape["label"] for shape in data["shapes"]] == list(truth)
        for shape in data["shapes"]:
            (x1, y1), (x2, y2) = shape["points"]
            mask = np.zeros((data["imageHeight"], data["imageWidth"]), bool)
            with Image.open(io.BytesIO(base64.b64decode(shape["mask"]))) as image:
                mask[y1 : y2 + 1, x1 : x2 + 1] = np.asarray(image) > 0
            np.testing.assert_array_equal(mask, truth[shape["label"]])


def test_labelmes_own_code_reads_it(run, tmp_path):
    pytest.importorskip("labelme")
    label_file = pytest.importorskip("labelme._label_file")
    folder = export(run, "labelme", tmp_path / "labelme")
    for index in range(4):
        Image.new("RGB", (64, 48)).save(folder / f"{index:05d}.jpg")
        found = label_file.LabelFile(str(folder / f"{index:05d}.json"))
        for shape in found.shapes:
            truth = masks_of(index)[NAMES.index(shape["label"])]
            (x1, y1), (x2, y2) = np.asarray(shape["points"]).astype(int)
            np.testing.assert_array_equal(shape["mask"], truth[y1 : y2 + 1, x1 : x2 + 1])
            assert truth.sum() == shape["mask"].sum()
