"""Results in COCO's form: a JSON list of run-length codes, as ``COCO.loadRes`` takes it."""

from __future__ import annotations

from pathlib import Path

from car_video.io.exports.coco import write_json
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.formats import as_coco


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    Pictures and categories have the numbers that the format ``coco`` gives them.
    """
    results = [
        {
            "image_id": place,
            "category_id": found["expression"] + 1,
            "segmentation": found["segmentation"],
            "bbox": found["bbox"],
            "score": found["score"],
        }
        for place, prediction in enumerate(run.predictions(), 1)
        for found in as_coco(prediction)
        if found["present"] and found["area"]
    ]
    write_json(target, results)
    return []
