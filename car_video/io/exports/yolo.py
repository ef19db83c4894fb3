"""YOLO segmentation: a text file per frame, a polygon per object, and ``data.yaml``.

A polygon there has no holes and no parts, so they hang together by lines, as in Ultralytics'
own conversion from COCO.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.polygons import border_pixels


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    Points are pixels. Readers multiply them by the size of the picture, then some cut the
    decimals off (Ultralytics) and some round (supervision); a quarter more than the number of
    the pixel gives the pixel in both.
    """
    labels = target / "labels"
    labels.mkdir(parents=True)
    stems = run.stems("yolo", options.start_number)
    for stem, prediction in zip(stems, run.predictions(), strict=True):
        height, width = prediction.masks.shape[1:]
        lines = []
        for query in np.flatnonzero(prediction.masks.any(axis=(1, 2))).tolist():
            points = (border_pixels(prediction.masks[query]) + 0.25) / (width, height)
            if len(points) < 3:  # a polygon of one or two pixels: walk it again
                points = np.resize(points, (3, 2))
            lines.append(f"{query} " + " ".join(f"{value:.6f}" for value in points.ravel()))
        text = "".join(f"{line}\n" for line in lines)
        (labels / f"{stem}.txt").write_text(text, encoding="ascii")
    # Without "path" Ultralytics looks beside this file; "." is taken for the working directory.
    data = {
        "train": "images",
        "val": "images",
        "names": dict(enumerate(run.expressions)),
    }
    (target / "data.yaml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="ascii")
    return [f"it has no pictures; they go to {target.name}/images: --to frames"]
