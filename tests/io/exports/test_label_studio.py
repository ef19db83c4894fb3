from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from car_video.io.exports import export
from car_video.io.exports.label_studio import brush_rle
from tests.io.exports.runs import NAMES, make_run, masks_of


def decoded(code) -> np.ndarray:
    """uint8: the values of a code of rle-pack, read bit by bit."""
    bits = "".join(f"{byte:08b}" for byte in code)
    place = 0

    def read(count: int) -> int:
        nonlocal place
        place += count
        return int(bits[place - count : place], 2)

    total, word = read(32), read(5) + 1
    sizes = [read(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < total:
        repeated = read(1)
        length = read(sizes[read(2)]) + 1
        values += [read(word)] * length if repeated else [read(word) for _ in range(length)]
    return np.array(values, np.uint8)


@settings(deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_brush_is_red_green_blue_and_alpha(mask):
    values = decoded(brush_rle(mask)).reshape(*mask.shape, 4)
    np.testing.assert_array_equal(values, mask[..., None] * np.full(4, 255, np.uint8))


def test_long_runs_are_cut():
    mask = np.zeros((300, 300), bool)
    mask[100:250] = True
    found = decoded(brush_rle(mask)).reshape(300, 300, 4)[..., 3] > 0
    np.testing.assert_array_equal(found, mask)


def test_tasks_are_frames(run):
    tasks = json.loads(export(run, "label-studio").read_text())
    for index, task in enumerate(tasks):
        assert task["data"]["image"] == f"/data/local-files/?d=clip/{index:05d}.jpg"
        truth = {n: m for n, m in zip(NAMES, masks_of(index), strict=True) if m.any()}
        result = task["predictions"][0]["result"]
        assert [item["value"]["brushlabels"] for item in result] == [[n] for n in truth]
        for item in result:
            (name,) = item["value"]["brushlabels"]
            values = decoded(item["value"]["rle"]).reshape(48, 64, 4)
            np.testing.assert_array_equal(values[..., 3] > 0, truth[name])


def test_label_studios_own_code_reads_the_brush(run):
    brush = pytest.importorskip("label_studio_sdk.converter.brush")
    for index, task in enumerate(json.loads(export(run, "label-studio").read_text())):
        for item in task["predictions"][0]["result"]:
            flat = {**item, **item["value"]}
            (layer,) = brush.decode_from_annotation("brush", [flat]).values()
            truth = masks_of(index)[NAMES.index(item["value"]["brushlabels"][0])]
            np.testing.assert_array_equal(layer > 0, truth)


def test_video_tracks_end_where_the_object_is_away(tmp_path):
    folder = make_run(tmp_path / "run", (1, 2, 3, 4))
    (task,) = json.loads(export(folder, "label-studio-video").read_text())
    assert task["data"]["video"] == "/data/local-files/?d=clip.mp4"
    first, second = task["predictions"][0]["result"]
    assert [k["frame"] for k in first["value"]["sequence"]] == [2, 3, 4, 5]
    keys = [(k["frame"], k["enabled"]) for k in second["value"]["sequence"]]
    assert keys == [(2, True), (3, False), (5, False)]
    for key in first["value"]["sequence"]:
        rows, columns = np.nonzero(masks_of(key["frame"] - 1)[0])
        assert key["x"] * 64 / 100 == pytest.approx(columns.min(), abs=1e-5)
        assert key["height"] * 48 / 100 == pytest.approx(np.ptp(rows) + 1, abs=1e-5)
