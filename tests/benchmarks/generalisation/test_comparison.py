"""Paired differences: what both runs have answered, with an interval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.generalisation import image_table
from benchmarks.generalisation.comparison import (
    answer_differences,
    compare,
    compare_pictures,
)
from benchmarks.generalisation.plan import write_json
from benchmarks.generalisation.statistics import mean_over_groups
from car_video.errors import DataError
from tests.benchmarks.generalisation.data import result


def test_only_what_both_have_answered_is_paired() -> None:
    first = {n: result(n, {"noun": 0.5, "action": 0.25}) for n in ("bear", "bus")}
    second = {n: result(n, {"noun": 0.75, "context": 1.0}) for n in ("bus", "boat")}
    assert answer_differences(first, second, lambda a: a.jf) == {"bus": [0.25]}
    assert answer_differences(first, second, lambda a: a.jf, "action") == {}
    assert answer_differences(first, second, lambda a: a.jf, extent="pair") == {}


def test_two_folders(tmp_path: Path) -> None:
    for run, values, absent in (("a", (0.5, 0.75), True), ("b", (0.75, 0.5), False)):
        for name, value in zip(("bear", "bus"), values, strict=True):
            record = result(name, {"noun": value}, absent)
            write_json(tmp_path / run / "video" / f"{name}.json", record.as_json())
    text = compare(tmp_path / "a", tmp_path / "b")
    assert "| J&F, all | +0.000 [-0.250, +0.250] | 1 / 1 of 2 |" in text
    assert "| absent (far), said absent | +1.000 [+1.000, +1.000] | 2 / 0 of 2 |" in text
    assert "| bus | 0.750 | 0.500 | -0.250 |\n| bear | 0.500 | 0.750 | +0.250 |" in text
    assert "J&F, action" not in text


def test_nothing_in_common_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="in common"):
        compare(tmp_path / "a", tmp_path / "b")


def _expressions(*values: float) -> dict[str, Any]:
    sets = ("refcoco val", "refcoco+ val")
    samples = [
        {"group": sets[n % 2], "intersection": int(100 * value), "union": 100}
        for n, value in enumerate(values)
    ]
    return {"group": "p", "score": {"per-expression": samples}, "seconds": 1.0}


def test_expressions_by_data_set() -> None:
    before = {"1": _expressions(0.5, 0.25), "2": _expressions(0.75, 0.0)}
    found = image_table.expression_ious(before)
    assert found["all"] == {"p": [0.5, 0.25, 0.75, 0.0]}
    assert found["refcoco+"] == {"p": [0.25, 0.0]}
    after = {"1": _expressions(0.5, 0.5), "2": _expressions(0.75, 0.25)}
    text = compare_pictures("refcoco", before, after)
    assert "| mIoU, all | +0.125 [+0.125, +0.125] | 1 / 0 of 1 |" in text
    assert "| mIoU, refcoco | +0.000" in text


def _classes(right: int, wrong: int) -> dict[str, Any]:
    """Of class 1 ``wrong`` pixels are taken for background."""
    return {
        "group": "p",
        "score": {"confusion": [[1, 1, right], [1, 0, wrong]]},
        "seconds": 1.0,
    }


def test_class_maps_are_added_up_before_the_mean() -> None:
    records = {"1": _classes(10, 30), "2": _classes(50, 10)}
    mean = image_table.semantic_mean("voc", records)
    assert mean.value == pytest.approx(0.6)  # only class 1 is annotated: 60 of 100 pixels
    assert (mean.low, mean.high) == pytest.approx((0.25, 50 / 60))
    assert mean.count == 2
    text = compare_pictures("voc", records, {"1": _classes(40, 0), "2": _classes(60, 0)})
    assert "+0.400 [+0.167, +0.750]" in text


def test_the_interval_of_a_class_map_is_that_of_its_pictures() -> None:
    records = {str(n): _classes(50, 50) for n in range(5)}
    mean = image_table.semantic_mean("coco", records)
    assert mean.low == mean.high == mean.value == pytest.approx(0.5)
    assert np.isclose(mean_over_groups({n: [0.5] for n in records}).value, 0.5)
