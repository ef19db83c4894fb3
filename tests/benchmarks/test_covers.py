"""Crops of things that fill them."""

from __future__ import annotations

import numpy as np

from benchmarks.covers import LEAST_SIDE, largest_box, table


def test_the_box_is_in_the_mask() -> None:
    mask = np.zeros((300, 400), bool)
    mask[40:240, 100:300] = True
    box = largest_box(mask, 0.92)
    assert box is not None
    rows, columns = box
    assert mask[box].mean() >= 0.92
    assert (rows.stop - rows.start) * (columns.stop - columns.start) > 0.9 * 200 * 200


def test_a_smaller_share_gives_a_larger_box() -> None:
    mask = np.zeros((300, 400), bool)
    mask[40:240, 100:300] = True
    areas = []
    for share in (0.92, 0.5):
        box = largest_box(mask, share)
        assert box is not None
        assert mask[box].mean() >= share
        areas.append(mask[box].size)
    assert areas[0] < areas[1]


def test_small_things_have_no_box() -> None:
    mask = np.zeros((300, 400), bool)
    mask[: LEAST_SIDE - 20, : LEAST_SIDE - 20] = True
    assert largest_box(mask, 0.92) is None


def test_an_absent_thing_has_no_iou() -> None:
    here = {"found": True, "iou": 0.8}
    gone = {"found": False, "iou": 0.0}
    rows = [
        {"least": 0.9, "present": here, "near": gone, "far": gone},
        {"least": 0.9, "present": gone, "near": here, "far": gone},
    ]
    assert table(rows)[2:] == ["| 0.90 | 2 | 0.500 | 0.400 | 0.500 | 1.000 |"]
