"""Instances of the panoptic benchmarks: by which measure, and files that hold none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from car_video.eval.benchmarks import Benchmark, Options, make_benchmark

from car_video.errors import DataError
from tests.eval import builders
from tests.eval.fakes import ColourSpec

DATA = {"cityscapes": builders.cityscapes, "coco-panoptic": builders.coco_panoptic}


def predicted(name: str, folder: Path) -> Benchmark:
    """A benchmark whose predictions are in ``folder / "masks"``."""
    benchmark = make_benchmark(name, DATA[name](folder / "data"), Options())
    for item in benchmark.items():
        benchmark.predict(item, ColourSpec().build(), folder / "masks")
    return benchmark


def results(benchmark: Benchmark, masks: Path) -> Any:
    items = benchmark.items()
    scores = {item.key: benchmark.score(item, masks) for item in items}
    return benchmark.summarise(scores, items).results


def test_cityscapes_has_the_ap_of_its_own_script(tmp_path: Path) -> None:
    benchmark = predicted("cityscapes", tmp_path)
    found = results(benchmark, tmp_path / "masks")["AP"]
    assert found == {"AP": 1.0, "AP50": 1.0, "person": 1.0, "rider": 1.0}
    numbers = next((tmp_path / "data").rglob("*_instanceIds.png"))
    numbers.unlink()
    with pytest.raises(DataError, match=r"instanceIds\.png"):
        benchmark.items()
    for left in (tmp_path / "data/gtFine/val").rglob("*.png"):
        left.unlink()
    (tmp_path / "data/gtFine/val/city").rmdir()
    (tmp_path / "data/gtFine/val").rmdir()
    assert results(benchmark, tmp_path / "masks")["AP"] is None


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(
    "content",
    [{"a": 1}, [1], [{"category_id": 24}], [{"category_id": 1, "score": None}], "text"],
)
def test_instances_of_another_form_are_refused(tmp_path: Path, name: str, content: Any) -> None:
    benchmark = predicted(name, tmp_path)
    item = benchmark.items()[0]
    path = tmp_path / "masks/instances" / f"{item.key}.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="no list of COCO results"):
        benchmark.score(item, tmp_path / "masks")


def test_scores_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    benchmark = predicted("cityscapes", tmp_path)
    item = benchmark.items()[0]
    path = tmp_path / "masks/instances" / f"{item.key}.json"
    records = json.loads(path.read_text())
    records[0]["score"] = "nan"
    path.write_text(json.dumps(records))
    with pytest.raises(DataError, match="no list of COCO results"):
        benchmark.score(item, tmp_path / "masks")
