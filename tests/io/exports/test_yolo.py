from __future__ import annotations

import numpy as np
import pytest
import yaml
from PIL import Image, ImageDraw

from car_video.io.exports import export
from tests.io.exports.runs import NAMES, masks_of


def polygons(text: str) -> list[tuple[int, np.ndarray]]:
    """Class and pixels of each line, as readers have them: multiplied, and cut or rounded."""
    found = []
    for line in text.splitlines():
        number, *values = line.split()
        points = np.array(values, float).reshape(-1, 2) * (64, 48)
        np.testing.assert_array_equal(points.astype(np.int32), np.round(points))
        found.append((int(number), points.astype(np.int32)))
    return found


def test_one_part_is_exact_and_several_hang_together(run, tmp_path):
    folder = export(run, "yolo", tmp_path / "yolo")
    for index in range(4):
        truth = {n: m for n, m in enumerate(masks_of(index)) if m.any()}
        lines = polygons((folder / "labels" / f"{index:05d}.txt").read_text())
        assert [number for number, _ in lines] == list(truth)
        for number, path in lines:
            image = Image.new("L", (64, 48))
            ImageDraw.Draw(image).polygon(list(map(tuple, path.tolist())), fill=1, outline=1)
            found = np.asarray(image).astype(bool)
            if number == 0:  # one part with a hole
                np.testing.assert_array_equal(found, truth[number])
            else:
                assert not (truth[number] & ~found).any()


def test_data_yaml_has_any_name(run, tmp_path):
    data = yaml.safe_load((export(run, "yolo", tmp_path / "yolo") / "data.yaml").read_text())
    assert data["names"] == dict(enumerate(NAMES))


def test_supervision_reads_it(run, tmp_path):
    supervision = pytest.importorskip("supervision")
    folder = export(run, "yolo", tmp_path / "yolo")
    (folder / "images").mkdir()
    for index in range(4):
        Image.new("RGB", (64, 48)).save(folder / "images" / f"{index:05d}.jpg")
    data = supervision.DetectionDataset.from_yolo(
        str(folder / "images"), str(folder / "labels"), str(folder / "data.yaml"), True
    )
    assert data.classes == list(NAMES)
    for name, found in data.annotations.items():
        truth = masks_of(int(name[-9:-4]))
        assert list(found.class_id) == [n for n, m in enumerate(truth) if m.any()]
        for mask, label in zip(found.mask, found.class_id, strict=True):
            overlap = (mask & truth[label]).sum() / (mask | truth[label]).sum()
            assert overlap == 1 if label == 0 else overlap > 0.7


def test_pictures_are_looked_for_beside_data_yaml(run, tmp_path):
    data = yaml.safe_load((export(run, "yolo", tmp_path / "yolo") / "data.yaml").read_text())
    assert "path" not in data
    assert data["train"] == data["val"] == "images"
