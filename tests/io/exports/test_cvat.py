from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from car_video.errors import OutputError
from car_video.io.exports import export
from car_video.io.exports.cvat import mask_attributes
from car_video.io.exports.export import export_with_remarks
from tests.io.exports.runs import NAMES, make_run, masks_of, prediction_of
from tests.io.exports.test_polygons import filled

INDICES = (1, 2, 3, 4)
"""The second object is there, there, away, there."""


def decoded(shape, width=64, height=48) -> np.ndarray:
    """The mask of an element, as CVAT reads it: runs along the rows of the box."""
    runs = [int(run) for run in shape.get("rle").split(",")]
    left, top, wide, high = (int(shape.get(k)) for k in ("left", "top", "width", "height"))
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    mask = np.zeros((height, width), bool)
    mask[top : top + high, left : left + wide] = values.reshape(high, wide)
    return mask


@pytest.fixture
def folder(tmp_path):
    return make_run(tmp_path / "run", INDICES)


def test_masks_are_a_track_per_frame_that_ends(folder):
    root = ET.parse(export(folder, "cvat")).getroot()
    assert root.findtext("version") == "1.1"
    assert [e.text for e in root.iterfind("meta/task/labels/label/name")] == list(NAMES)
    found = set()
    for track in root.iterfind("track"):
        query = NAMES.index(track.get("label"))
        assert track.get("group_id") == str(query + 1)
        first, *rest = track.findall("mask")
        frame = int(first.get("frame"))
        found.add((frame, query))
        assert (first.get("outside"), first.get("keyframe")) == ("0", "1")
        np.testing.assert_array_equal(decoded(first), masks_of(frame)[query])
        assert [(s.get("frame"), s.get("outside")) for s in rest] == (
            [(str(frame + 1), "1")] if frame < 4 else []
        )
    assert found == {(n, q) for n in INDICES for q, m in enumerate(masks_of(n)) if m.any()}


def test_polygons_are_tracks_with_outside(folder):
    root = ET.parse(export(folder, "cvat", shapes="polygons")).getroot()
    tracks = {t.get("label"): t.findall("polygon") for t in root.iterfind("track")}
    outside = [(s.get("frame"), s.get("outside")) for s in tracks[NAMES[1]]]
    assert outside == [("1", "0"), ("2", "0"), ("3", "1"), ("4", "0")]
    for query, name in enumerate(NAMES):
        for shape in tracks[name]:
            if shape.get("outside") == "0":
                pairs = shape.get("points").split(";")
                path = np.array([[float(v) for v in pair.split(",")] for pair in pairs])
                truth = masks_of(int(shape.get("frame")))[query]
                np.testing.assert_array_equal(filled(path, truth.shape), truth)


@settings(deadline=None)  # the first call imports cvat_sdk
@given(arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 8))).filter(np.any))
def test_runs_are_those_of_cvats_own_code(mask):
    masks = pytest.importorskip("cvat_sdk.masks")
    found = mask_attributes(mask)
    runs = [int(run) for run in found["rle"].split(",")]
    x, y = int(found["left"]), int(found["top"])
    corner = [x + int(found["width"]) - 1, y + int(found["height"]) - 1]
    points = [*runs, x, y, *corner]
    assert points == masks.encode_mask(mask)
    height, width = mask.shape
    back = masks.decode_mask(points, image_width=width, image_height=height)
    np.testing.assert_array_equal(back, mask)


def test_datumaro_reads_polygons(folder, tmp_path):
    """It reads no masks in tracks."""
    datumaro = pytest.importorskip("datumaro")
    path = export(folder, "cvat", tmp_path / "annotations.xml", shapes="polygons")
    data = datumaro.Dataset.import_from(str(path), "cvat")
    labels = [label.name for label in data.categories()[datumaro.AnnotationType.label]]
    assert labels == list(NAMES)
    seen = 0
    for item in data:
        for shape in item.annotations:
            if not shape.attributes["outside"]:
                seen += 1
                truth = masks_of(int(item.attributes["frame"]))[shape.label]
                path = np.array(shape.points).reshape(-1, 2)
                np.testing.assert_array_equal(filled(path, truth.shape), truth)
    assert seen == sum(m.any() for n in INDICES for m in masks_of(n))


def test_what_xml_cannot_hold_is_one_line(tmp_path):
    with pytest.raises(OutputError, match=r"expression 1 has the character U\+0001"):
        export([prediction_of(1, names=("a\x01", "b"))], "cvat", tmp_path / "a.xml")
    with pytest.raises(OutputError, match="two expressions are the same"):
        export([prediction_of(1, names=("a", "a"))], "cvat", tmp_path / "a.xml")
    assert not (tmp_path / "a.xml").exists()


@pytest.mark.parametrize(("indices", "remarks"), [((0, 1), 1), ((0, 30), 0)])
def test_objects_of_the_last_frame_need_a_stop_frame(tmp_path, indices, remarks):
    run = make_run(tmp_path / "run", indices=indices)
    for shapes in ("masks", "polygons"):
        _, said = export_with_remarks(run, "cvat", tmp_path / f"{shapes}.xml", shapes=shapes)
        stop = [line for line in said if f"stop frame {indices[-1]}" in line]
        assert len(stop) == remarks
