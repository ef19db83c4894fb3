"""Corrections in JSON: what is written is read back; what is wrong is said in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from car_video.corrections import Correction
from car_video.errors import CorrectionError
from car_video.io.corrections_file import as_entries, read_corrections

MASK = np.zeros((4, 6), bool)
MASK[1:3, 2:5] = True


def write(folder: Path, value: Any) -> Path:
    file = folder / "fix.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    return file


def test_round_trip(tmp_path: Path) -> None:
    given = [
        Correction(3, "the dog", [(1, 2.5, True), (3, 1, False)], box=(0, 0, 4, 3)),
        Correction(4, 1, mask=MASK),
        Correction(5, 0, absent=True),
        Correction(6, 1, mask=MASK, mends=True),
    ]
    found = read_corrections(write(tmp_path, {"corrections": as_entries(given)}))
    for one, other in zip(given, found, strict=True):
        for name in ("frame", "query", "points", "box", "absent", "mends"):
            assert getattr(one, name) == getattr(other, name)
    assert found[1].mask is not None
    np.testing.assert_array_equal(found[1].mask, MASK)


def test_a_list_alone(tmp_path: Path) -> None:
    file = write(tmp_path, [{"frame": 0, "query": 0, "absent": True, "box": None}])
    assert read_corrections(file)[0].absent


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_mask_in_a_picture_beside_the_file(tmp_path: Path, mode: str) -> None:
    (tmp_path / "fixed").mkdir()
    Image.fromarray(MASK).convert(mode).save(tmp_path / "fixed" / "00003.png")
    file = write(tmp_path, [{"frame": 3, "query": 0, "mask": "fixed/00003.png"}])
    mask = read_corrections(file)[0].mask
    assert mask is not None
    np.testing.assert_array_equal(mask, MASK)


ONE = {"frame": 3, "query": 0}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("{", "is no JSON"),
        ("7", "want {"),
        ({}, "want {"),
        ({"corrections": {}}, "want {"),
        ([], "holds no correction"),
        ({"corrections": []}, "holds no correction"),
        ([7], "correction 1: want an object"),
        ([{**ONE, "absent": True}, {**ONE, "point": []}], "correction 2: unknown 'point'"),
        ([{"query": 0, "absent": True}], "'frame' is missing"),
        ([{"frame": 0, "absent": True}], "'query' is missing"),
        ([{"frame": None, "query": 0, "absent": True}], "must have values"),
        ([ONE], "says nothing"),
        ([{**ONE, "absent": 1}], "absent must be true or false"),
        ([{**ONE, "mask": "nothing.png"}], "nothing.png' is no black and white mask picture"),
        ([{**ONE, "mask": 7}], 'mask must be {"size"'),
        ([{**ONE, "mask": {"size": [4, 6], "counts": [1]}}], 'mask must be {"size"'),
        ([{**ONE, "points": [[1, 2, True], [1, 2, False]]}], "clicked as positive and as"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, value: Any, message: str) -> None:
    file = write(tmp_path, value)
    with pytest.raises(CorrectionError) as error:
        read_corrections(file)
    assert message in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CorrectionError, match=r"gone\.json: No such file"):
        read_corrections(tmp_path / "gone.json")
    with pytest.raises(CorrectionError, match="directory"):
        read_corrections(tmp_path)
