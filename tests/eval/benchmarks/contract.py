"""What every benchmark must do, whatever it is about.

A newcomer's benchmark runs through it as the registered ones do: see ``test_contract.py``.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from car_video.eval.benchmarks import Benchmark, Item
from car_video.eval.benchmarks.results import Summary
from car_video.eval.data.files import inside
from car_video.eval.report import strips
from car_video.eval.runner.inputs import difference, inputs
from car_video.eval.segmenters import Segmenters

from car_video.errors import DataError


def check_benchmark(benchmark: Benchmark, segmenters: Segmenters, folder: Path) -> None:
    """Walk one benchmark through an evaluation; an AssertionError says what it does wrong."""
    items = benchmark.items()
    _check_items(benchmark, items)
    predictions, empty = folder / "predictions", folder / "empty"
    empty.mkdir(parents=True)
    for item in items:
        assert not benchmark.has_prediction(item, empty), "finds masks in an empty folder"
        with pytest.raises(DataError):
            benchmark.score(item, empty)
        segmenters.clock.reset()
        benchmark.predict(item, segmenters, predictions)
        assert segmenters.clock.segmentations >= 1, "predicts without the model"
        assert benchmark.has_prediction(item, predictions), "does not find its own masks"
    first = {path: path.read_bytes() for path in sorted(predictions.rglob("*.png"))}
    assert first, "writes no PNG"
    scores = {item.key: benchmark.score(item, predictions) for item in items}
    for item in items:
        benchmark.predict(item, segmenters, predictions)
        assert benchmark.score(item, predictions) == scores[item.key], "scores do not repeat"
    again = {path: path.read_bytes() for path in sorted(predictions.rglob("*.png"))}
    assert again == first, "masks do not repeat"
    stored = json.loads(json.dumps(scores, allow_nan=False))  # ValueError for NaN
    assert stored == scores, "scores are no plain data"
    summary = benchmark.summarise(stored, items)
    _check_summary(summary, items)
    one = benchmark.summarise({items[0].key: stored[items[0].key]}, items[:1])
    _check_summary(one, items[:1])
    _check_strips(benchmark, items, predictions)
    for path in benchmark.finish(items, predictions, folder / "out"):
        assert path.is_file(), "names a file that it has not written"


def _check_items(benchmark: Benchmark, items: list[Item]) -> None:
    assert items, "has no items"
    assert len({item.key for item in items}) == len(items), "two items have one key"
    assert items == benchmark.items(), "items do not repeat"
    assert pickle.loads(pickle.dumps(benchmark)) == benchmark
    for item in items:
        inside(Path("x"), item.key)  # DataError for a key that leaves its folder
        assert item.group, "an item without a group"
        assert item.pictures >= 1, "an item without a picture"
        assert pickle.loads(pickle.dumps(item)) == item, "an item does not travel"
        state = inputs(item, benchmark.root)
        assert state["files"], "no path in the payload: changed files would not be noticed"
        assert difference(state, inputs(item, benchmark.root)) == ""
        assert None not in state["files"].values(), "names a file that is not there"


def _check_summary(summary: Summary, items: list[Item]) -> None:
    json.dumps(summary.results, allow_nan=False)
    assert summary.results["protocol"], "does not say the protocol"
    assert summary.tables, "has no table"
    for table in summary.tables:
        assert table.title
        assert table.protocol, "a table without its protocol"
        assert table.rows, "an empty table"
        assert {len(row) for row in table.rows} == {len(table.columns)}, "a ragged table"
        assert all(_finite(cell) for row in table.rows for cell in row), "NaN in a table"
    for name, value in summary.headline:
        assert name
        assert 0 <= value <= 1, "a headline that is no fraction"
    assert {bar.key for bar in summary.ranking} <= {item.key for item in items}
    assert bool(summary.ranking) == bool(summary.ranked_by), "a ranking by what?"
    for bar in (*summary.bars, *summary.ranking):
        assert 0 <= bar.value <= 1, "a bar that is no fraction"
    assert all(warning and "\n" not in warning for warning in summary.warnings)


def _finite(cell: Any) -> bool:
    return not isinstance(cell, float) or bool(np.isfinite(cell))


def _check_strips(benchmark: Benchmark, items: list[Item], predictions: Path) -> None:
    for item in items:
        for strip in benchmark.strips(item, predictions):
            assert strip.title, "a picture without a title"
            size = strip.image.shape[:2]
            assert strip.image.shape == (*size, 3)
            assert strip.predicted.shape == strip.truth.shape == size
            assert strips.encode(strip)
