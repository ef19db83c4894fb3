"""A table: a row per frame and expression, as columns that pandas and Arrow read."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.formats import as_coco

COLUMNS = (
    *("frame", "time", "file", "track", "expression", "present", "score"),
    *("x", "y", "width", "height", "area", "picture_width", "picture_height", "rle"),
)


def columns(run: FinishedRun) -> dict[str, list[Any]]:
    """The table, column by column.

    ``track`` is the number of the expression from 1; ``rle`` is COCO's code of the mask, of
    which the size is ``picture_height`` and ``picture_width``. Example for pandas::

        pandas.DataFrame(columns(open_run("clip_car")))
    """
    table: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for entry, prediction in zip(run.entries, run.predictions(), strict=True):
        for found in as_coco(prediction):
            height, width = found["segmentation"]["size"]
            row = (
                *(entry.index, float(entry.time), entry.file, found["expression"] + 1),
                *(run.expressions[found["expression"]], found["present"], found["score"]),
                *(*found["bbox"], found["area"], width, height),
                found["segmentation"]["counts"],
            )
            for name, value in zip(COLUMNS, row, strict=True):
                table[name].append(value)
    return table


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`; CSV or Parquet, by the name."""
    table = columns(run)
    if target.suffix.lower() == ".csv":
        with target.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            rows.writerows(zip(*table.values(), strict=True))
        return []
    import pyarrow
    from pyarrow import parquet

    made = pyarrow.table(table)
    facts = {"source": run.source_text, "fps": str(run.rate), "model": run.model}
    made = made.replace_schema_metadata({"car-video": json.dumps(facts)})
    parquet.write_table(made, target)
    return []
