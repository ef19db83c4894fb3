from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest
from pycocotools.coco import COCO

from car_video.io.exports import export
from tests.io.exports.runs import NAMES, masks_of


@pytest.fixture
def api(run, tmp_path):
    path = export(run, "coco", tmp_path / "coco.json")
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def test_pycocotools_reads_the_masks_to_the_pixel(api):
    assert [c["name"] for c in api.loadCats(api.getCatIds())] == list(NAMES)
    for image_id, image in api.imgs.items():
        assert image["file_name"] == f"{image['index']:05d}.jpg"
        found = {a["category_id"]: a for a in api.loadAnns(api.getAnnIds([image_id]))}
        truth = {n: m for n, m in enumerate(masks_of(image["index"]), 1) if m.any()}
        assert found.keys() == truth.keys()
        for number, mask in truth.items():
            np.testing.assert_array_equal(api.annToMask(found[number]).astype(bool), mask)
            assert found[number]["area"] == mask.sum()


def test_tracks_hold_together(api):
    data = api.dataset
    tracks = {t["id"]: t for t in data["tracks"]}
    assert len({a["id"] for a in data["annotations"]}) == len(data["annotations"])
    for annotation in data["annotations"]:
        track = tracks[annotation["track_id"]]
        assert track["category_id"] == annotation["category_id"]
        assert track["video_id"] == annotation["video_id"] == data["videos"][0]["id"]
    assert [i["frame_id"] for i in data["images"]] == [0, 1, 2, 3]


def test_datumaro_reads_it(run, tmp_path):
    datumaro = pytest.importorskip("datumaro")
    from PIL import Image

    folder = tmp_path / "data"
    (folder / "annotations").mkdir(parents=True)
    (folder / "images" / "clip").mkdir(parents=True)
    export(run, "coco", folder / "annotations" / "instances_clip.json")
    for index in range(4):
        Image.new("RGB", (64, 48)).save(folder / "images" / "clip" / f"{index:05d}.jpg")
    dataset = datumaro.Dataset.import_from(str(folder), "coco")
    seen = 0
    for item in dataset:
        truth = masks_of(int(item.id))
        for annotation in item.annotations:
            if annotation.type.name in ("mask", "polygon"):
                seen += 1
                np.testing.assert_array_equal(
                    np.asarray(annotation.image, bool), truth[annotation.label]
                )
    assert seen == sum(m.any() for n in range(4) for m in masks_of(n))


def test_frames_are_counted_from_any_number(run, tmp_path):
    path = export(run, "coco", tmp_path / "coco.json", start_number=1001)
    names = [i["file_name"] for i in json.loads(path.read_text())["images"]]
    assert names == ["01001.jpg", "01002.jpg", "01003.jpg", "01004.jpg"]


def test_supervision_reads_it(run, tmp_path):
    supervision = pytest.importorskip("supervision")
    from PIL import Image

    path = export(run, "coco", tmp_path / "coco.json")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for index in range(4):
        Image.new("RGB", (64, 48)).save(pictures / f"{index:05d}.jpg")
    data = supervision.DetectionDataset.from_coco(str(pictures), str(path), force_masks=True)
    assert data.classes == list(NAMES)
    for name, found in data.annotations.items():
        truth = masks_of(int(name[-9:-4]))
        for mask, label in zip(found.mask, found.class_id, strict=True):
            np.testing.assert_array_equal(mask, truth[label])
