"""LabelMe: a JSON per frame, masks as shapes of type ``mask``."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from car_video.io.exports.coco import write_json
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions

_VERSION = "5.5.0"
"""Of LabelMe; masks came with 5.3."""


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    Pictures are looked for beside the files; ``group_id`` is the number of the track.
    """
    target.mkdir()
    names = run.picture_names(options.start_number)
    stems = run.stems("labelme", options.start_number)
    for name, stem, prediction in zip(names, stems, run.predictions(), strict=True):
        height, width = prediction.masks.shape[1:]
        shapes = []
        for query, (x, y, wide, high) in enumerate(prediction.boxes().tolist()):
            if not wide:
                continue
            part = prediction.masks[query, y : y + high, x : x + wide]
            picture = BytesIO()
            Image.fromarray(part.astype(np.uint8) * 255).save(picture, "PNG")
            shapes.append(
                {
                    "label": run.expressions[query],
                    "points": [[x, y], [x + wide - 1, y + high - 1]],
                    "group_id": query + 1,
                    "description": "",
                    "shape_type": "mask",
                    "flags": {},
                    "mask": b64encode(picture.getvalue()).decode("ascii"),
                }
            )
        write_json(
            target / f"{stem}.json",
            {
                "version": _VERSION,
                "flags": {},
                "shapes": shapes,
                "imagePath": name,
                "imageData": None,
                "imageHeight": height,
                "imageWidth": width,
            },
        )
    return []
