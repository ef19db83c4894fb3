"""COCO instances with tracks: one JSON, an annotation per object and frame.

``images``, ``annotations`` and ``categories`` are COCO's, so that any reader of COCO takes the
file. ``videos`` and ``tracks``, with ``video_id``, ``frame_id``, ``track_id`` and
``instance_id``, are those of TAO and of MMTracking's CocoVID.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.formats import as_coco

VIDEO = 1
"""Id of the one video in a file."""


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    names = run.picture_names(options.start_number)
    for place, prediction in enumerate(run.predictions()):
        height, width = prediction.masks.shape[1:]
        images.append(
            {
                "id": place + 1,
                "file_name": names[place],
                "width": width,
                "height": height,
                "video_id": VIDEO,
                "frame_id": place,
                "index": prediction.index,
                "time": prediction.time,
            }
        )
        for found in _present(as_coco(prediction)):
            object_id = found["expression"] + 1
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": place + 1,
                    "category_id": object_id,
                    "track_id": object_id,
                    "instance_id": object_id,
                    "video_id": VIDEO,
                    "segmentation": found["segmentation"],
                    "area": found["area"],
                    "bbox": found["bbox"],
                    "iscrowd": 0,
                    "score": found["score"],
                }
            )
    tracks = [
        {"id": category["id"], "category_id": category["id"], "video_id": VIDEO}
        for category in categories(run)
    ]
    video = {
        "id": VIDEO,
        "name": run.name,
        "width": run.width,
        "height": run.height,
        "fps": float(run.rate),
        "length": len(images),
    }
    write_json(
        target,
        {
            "info": information(run),
            "licenses": [],
            "videos": [video],
            "categories": categories(run),
            "tracks": tracks,
            "images": images,
            "annotations": annotations,
        },
    )
    return []


def _present(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (found for found in objects if found["present"] and found["area"])


def categories(run: FinishedRun) -> list[dict[str, Any]]:
    """One per expression, numbered from 1."""
    return [
        {"id": number, "name": text, "supercategory": ""}
        for number, text in enumerate(run.expressions, 1)
    ]


def information(run: FinishedRun) -> dict[str, Any]:
    """The entry ``info`` of COCO's files."""
    made_by = f"car-video with model {run.model}" if run.model else "car-video"
    about = run.source_text or run.name
    return {"description": about, "version": "1.0", "contributor": made_by}


def write_json(target: Path, value: Any) -> None:
    """In ASCII, so that no reader takes it for another encoding."""
    target.write_text(json.dumps(value, allow_nan=False), encoding="ascii")
