"""Formats for programmers."""

from __future__ import annotations

import contextlib
import csv
import io
import json

import numpy as np
import pytest
from pycocotools import mask as coco
from pycocotools.coco import COCO

from car_video.io.exports import export, open_run
from car_video.io.exports.table import COLUMNS, columns
from car_video.io.formats import as_supervision
from tests.io.exports.runs import NAMES, masks_of, prediction_of


def test_numpy_loads_everything(run):
    with np.load(export(run, "npz")) as data:
        assert data["masks"].shape == (4, 2, 48, 64)
        assert data["masks"].dtype == bool
        assert data["expressions"].tolist() == list(NAMES)
        assert data["index"].tolist() == [0, 1, 2, 3]
        assert data["fps"] == 25
        np.testing.assert_allclose(data["time"], np.arange(4) / 25)
        for index in range(4):
            truth = prediction_of(index)
            np.testing.assert_array_equal(data["masks"][index], truth.masks)
            np.testing.assert_array_equal(data["present"][index], truth.present)
            np.testing.assert_allclose(data["scores"][index], truth.scores, atol=1e-6)


def test_pycocotools_takes_the_results(run, tmp_path):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(export(run, "coco")))
        found = truth.loadRes(str(export(run, "rle")))
    assert len(found.anns) == len(truth.anns)
    for annotation in found.anns.values():
        mask = masks_of(annotation["image_id"] - 1)[annotation["category_id"] - 1]
        np.testing.assert_array_equal(found.annToMask(annotation).astype(bool), mask)


def check_rows(rows) -> None:
    """Each row tells of one expression in one frame, with its mask."""
    assert len(rows) == 8
    for row in rows:
        truth = prediction_of(int(row["frame"]))
        query = int(row["track"]) - 1
        assert row["expression"] == NAMES[query]
        size = [int(row["picture_height"]), int(row["picture_width"])]
        mask = coco.decode({"size": size, "counts": row["rle"]})
        np.testing.assert_array_equal(mask.astype(bool), truth.masks[query])
        assert int(row["area"]) == truth.masks[query].sum()
        assert str(row["present"]) == str(bool(truth.present[query]))
        box = [int(row[k]) for k in ("x", "y", "width", "height")]
        assert box == truth.boxes()[query].tolist()


def test_csv_has_a_row_per_frame_and_expression(run):
    with export(run, "csv").open(newline="", encoding="utf-8") as file:
        check_rows(list(csv.DictReader(file)))


def test_columns_are_as_long_as_each_other(run):
    table = columns(open_run(run))
    assert tuple(table) == COLUMNS
    assert {len(column) for column in table.values()} == {8}


def test_arrow_reads_parquet(run):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(export(run, "parquet"))
    check_rows(table.to_pylist())
    facts = json.loads(table.schema.metadata[b"car-video"])
    assert facts["fps"] == "25"


def test_pandas_reads_parquet(run):
    pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(export(run, "parquet"))
    check_rows(frame.to_dict("records"))
    assert frame.groupby("expression")["present"].mean()[NAMES[0]] == 1


def test_supervision_has_detections_with_tracks(run):
    pytest.importorskip("supervision")
    for prediction in open_run(run).predictions():
        found = as_supervision(prediction)
        truth = masks_of(prediction.index)
        assert found.tracker_id.tolist() == [n + 1 for n, m in enumerate(truth) if m.any()]
        for mask, query in zip(found.mask, found.class_id, strict=True):
            np.testing.assert_array_equal(mask, truth[query])


def test_the_ending_of_a_table_may_be_in_capitals(run, tmp_path):
    table = export(run, "csv", tmp_path / "T.CSV").read_text(encoding="utf-8")
    assert table.startswith("frame,time,")
