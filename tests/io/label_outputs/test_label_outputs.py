"""Files of a run with labels: forms of COCO, nothing half-written, runs that go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools.coco import COCO

from car_video.errors import OutputError
from car_video.io.label_outputs.folder import JOURNAL, LabelFolder
from car_video.io.label_outputs.panoptic_png import ids_of_rgb, rgb_of_ids
from car_video.io.rle import decode_rle
from car_video.io.writers.source_identity import identify
from car_video.text.vocabulary import parse_vocabulary
from car_video.types import Frame, Instances, PanopticMap, Segment, SemanticMap

VOCABULARY = parse_vocabulary(["1: dog, puppy", "70: sky | stuff", "300: cat"], "test")
SIZE = (20, 30)


def frame(index: int = 0, name: str = "a.jpg") -> Frame:
    image = np.full((*SIZE, 3), 90, np.uint8)
    return Frame(index, 0.0, image, name)


def panoptic() -> PanopticMap:
    ids = np.zeros(SIZE, np.int32)
    ids[2:8, 3:9], ids[10:] = 1, 2
    return PanopticMap(ids, (Segment(1, 2, 0.75, True, 36), Segment(2, 1, 0.5, False, 300)))


def instances() -> Instances:
    masks = np.zeros((2, *SIZE), bool)
    masks[0, 2:8, 3:9] = True
    return Instances(masks, np.array([2, 0], np.int32), np.array([0.75, 0.1], np.float32))


def folder(path: Path, task: str = "panoptic", **options: Any) -> LabelFolder:
    return LabelFolder(path, VOCABULARY, {"task": task, "model": "m"}, **options)


@given(st.lists(st.integers(0, 256**3 - 1), min_size=1, max_size=50))
def test_ids_survive_as_colours(ids: list[int]) -> None:
    array = np.array([ids], np.int32)
    assert ids_of_rgb(rgb_of_ids(array)).tolist() == [ids]


def test_the_id_70000_is_the_colour_of_cocos_form() -> None:
    assert rgb_of_ids(np.array([[70000]])).tolist() == [[[112, 17, 1]]]
    with pytest.raises(ValueError, match="from 0 to"):
        rgb_of_ids(np.array([[256**3]]))


def test_panoptic_files_have_cocos_form(tmp_path: Path) -> None:
    with folder(tmp_path / "out") as out:
        out.write(frame(), panoptic())
    ids = ids_of_rgb(np.asarray(Image.open(tmp_path / "out" / "masks" / "a.png")))
    assert np.array_equal(ids, panoptic().ids)
    data = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    assert [c["id"] for c in data["categories"]] == [1, 70, 300]
    assert [c["isthing"] for c in data["categories"]] == [1, 0, 1]
    (annotation,) = data["annotations"]
    assert annotation["file_name"] == "a.png"
    assert annotation["segments_info"][0] == {
        "id": 1, "category_id": 300, "isthing": 1, "iscrowd": 0, "area": 36,
        "bbox": [3, 2, 6, 6], "score": 0.75,
    }  # fmt: skip
    overlay = np.asarray(Image.open(tmp_path / "out" / "overlay" / "a.png"))
    assert overlay.shape == (*SIZE, 3)
    assert not np.array_equal(overlay[12], frame().image[12])
    assert [p.name for p in out.paths()] == ["overlay", "masks", "panoptic.json"]


def test_instances_are_a_coco_file(tmp_path: Path) -> None:
    with folder(tmp_path / "out", "instance") as out:
        out.write(frame(4), instances())
    coco = COCO(str(tmp_path / "out" / "instance.json"))
    (annotation,) = coco.loadAnns(coco.getAnnIds(imgIds=[4]))  # the empty one is left out
    assert annotation["category_id"] == 300
    assert np.array_equal(decode_rle(annotation["segmentation"]), instances().masks[0])


def test_class_maps_hold_the_data_sets_numbers(tmp_path: Path) -> None:
    labels = np.zeros(SIZE, np.int32)
    labels[5:] = 2
    with folder(tmp_path / "out", "semantic") as out:
        out.write(frame(), SemanticMap(labels, np.ones(SIZE, np.float32)))
    numbers = np.asarray(Image.open(tmp_path / "out" / "masks" / "a.png"))
    assert numbers[0, 0] == 1
    assert numbers[6, 0] == 300


def test_pictures_of_one_name_and_two_kinds_do_not_replace_each_other(tmp_path: Path) -> None:
    with folder(tmp_path / "out") as out:
        out.write(frame(0, "a.jpg"), panoptic())
        out.write(frame(1, "a.png"), panoptic())
    names = sorted(p.name for p in (tmp_path / "out" / "masks").iterdir())
    assert names == ["a.png", "a_png.png"]


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with folder(path) as out:
        out.write(frame(0, "a.jpg"), panoptic())
    assert len(json.loads((path / "panoptic.json").read_text())["annotations"]) == 1
    with (path / JOURNAL).open("a") as journal:
        journal.write('{"name": "b", "ima')  # killed while writing
    with folder(path, mode="resume") as out:
        assert out.done == {"a"}
        out.write(frame(1, "b.jpg"), panoptic())
    assert len(json.loads((path / "panoptic.json").read_text())["annotations"]) == 2


def test_a_run_goes_on_with_its_own_pictures_only(tmp_path: Path) -> None:
    path, pictures = tmp_path / "out", tmp_path / "pictures"
    pictures.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(pictures / name)
    with folder(path, identity=identify("pictures", pictures)) as out:
        out.write(frame(0, "a.png"), panoptic())
    moved = pictures.rename(tmp_path / "moved")
    with folder(path, mode="resume", identity=identify("moved", moved)) as out:
        assert out.done == {"a"}, "a folder that was moved is the same one"
    Image.new("RGB", (8, 8), "red").save(moved / "a.png")
    changed = identify("moved", moved)
    with (
        pytest.raises(OutputError, match=r"another source \('a.png' has changed\)"),
        folder(path, mode="resume", identity=changed),
    ):
        pass
    with folder(path, mode="overwrite", identity=changed) as out:
        assert out.done == set()


def test_what_stands_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with folder(path) as out:
        out.write(frame(), panoptic())
    with pytest.raises(OutputError, match="--resume continues"), folder(path):
        pass
    with (
        pytest.raises(OutputError, match="made with another task"),
        folder(path, "instance", mode="resume"),
    ):
        pass
    with folder(path, "semantic", mode="overwrite") as out:
        assert out.done == set()
    left = [p for p in path.rglob("*") if p.is_file() and ".car-video" not in p.parts]
    assert left == []
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with (
        pytest.raises(OutputError, match="holds no run with --labels"),
        folder(tmp_path / "other", mode="overwrite"),
    ):
        pass
    with pytest.raises(OutputError, match="is a file"), folder(tmp_path / "other" / "mine.txt"):
        pass
