"""YouTube-VIS: one JSON, an annotation per track with a segmentation per frame or null."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from car_video.io.exports.coco import VIDEO, categories, information, write_json
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.formats import as_coco
from car_video.io.rle import parse_counts


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    An expression that is in no frame has a category and no annotation.
    """
    count = len(run.entries)
    tracks: list[dict[str, Any]] = [
        {
            "id": query + 1,
            "video_id": VIDEO,
            "category_id": query + 1,
            "iscrowd": 0,
            "width": run.width,
            "height": run.height,
            "length": count,
            "segmentations": [None] * count,
            "bboxes": [None] * count,
            "areas": [None] * count,
            "scores": [None] * count,
        }
        for query in range(len(run.expressions))
    ]
    for place, prediction in enumerate(run.predictions(one_size="youtube-vis")):
        for found in as_coco(prediction):
            if found["present"] and found["area"]:
                track = tracks[found["expression"]]
                track["segmentations"][place] = _runs(found["segmentation"])
                track["bboxes"][place] = found["bbox"]
                track["areas"][place] = found["area"]
                track["scores"][place] = found["score"]
    names = run.picture_names(options.start_number)
    video = {
        "id": VIDEO,
        "width": run.width,
        "height": run.height,
        "length": count,
        "file_names": [f"{run.name}/{name}" for name in names],
        "date_captured": "",
        "license": 0,
        "flickr_url": "",
        "coco_url": "",
    }
    write_json(
        target,
        {
            "info": information(run),
            "licenses": [],
            "videos": [video],
            "categories": categories(run),
            "annotations": [track for track in tracks if any(track["segmentations"])],
        },
    )
    return []


def _runs(code: dict[str, Any]) -> dict[str, Any]:
    """With runs as numbers, as the published annotations have them: readers rely on it."""
    return {"size": code["size"], "counts": parse_counts(code["counts"]).tolist()}
