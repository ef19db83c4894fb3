"""Which frames of ``predictions.json`` a user has edited, in whatever layout."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from car_video.errors import DataError
from car_video.io.formats import as_frame_dict
from car_video.io.writers.frame_digests import (
    edited_expressions,
    read_digests,
    write_digests,
)
from car_video.types import FramePrediction

NAMES = ("a dog", "the cat")
MASKS = np.zeros((2, 8, 12), bool)
MASKS[0, 2:5, 3:9] = True
ENTRY = as_frame_dict(
    FramePrediction(7, 0.5, NAMES, MASKS, np.float32([0.5, 0]), MASKS.any((1, 2)))
)


@pytest.fixture
def digests(tmp_path: Path) -> list[int]:
    file = tmp_path / "digests.json"
    write_digests(file, [json.dumps(ENTRY).encode()], 2)
    return read_digests(file)[7]


def test_what_was_written_is_no_edit(digests: list[int]) -> None:
    assert edited_expressions(ENTRY, digests, NAMES) == []


def test_another_layout_is_no_edit(digests: list[int]) -> None:
    other = copy.deepcopy(ENTRY)
    other["objects"].reverse()
    flat = MASKS[0].T.ravel().astype(int)
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[-1], flat, [-1]]))))
    other["objects"][1]["segmentation"]["counts"] = [int(n) for n in runs]
    assert edited_expressions(other, digests, NAMES) == []


@pytest.mark.parametrize("change", [{"score": 0.25}, {"bbox": [0, 0, 1, 1]}])
def test_what_is_no_mask_is_no_edit(digests: list[int], change: dict) -> None:
    other = copy.deepcopy(ENTRY)
    other["objects"][0].update(change)
    assert edited_expressions(other, digests, NAMES) == []


def test_edits_by_expression(digests: list[int]) -> None:
    other = copy.deepcopy(ENTRY)
    other["objects"][0]["present"] = False
    assert edited_expressions(other, digests, NAMES) == [0]
    other["objects"][1].update(
        segmentation=ENTRY["objects"][0]["segmentation"], present=True, score=1
    )
    assert edited_expressions(other, digests, NAMES) == [0, 1]


def test_what_is_no_entry(digests: list[int]) -> None:
    other = copy.deepcopy(ENTRY)
    other["objects"][0]["expression"] = 5
    with pytest.raises(DataError):
        edited_expressions(other, digests, NAMES)


@pytest.mark.parametrize("data", ["", "[]", "{", '{"a": [1]}', '{"1": 2}'])
def test_a_damaged_file_knows_nothing(tmp_path: Path, data: str) -> None:
    file = tmp_path / "digests.json"
    assert read_digests(file) == {}
    file.write_text(data)
    assert read_digests(file) == {}
