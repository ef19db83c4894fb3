"""MOTS as PNG of 16 bits: pixel = 1000 * class + object, and the names of the classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from car_video.errors import OutputError
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.visible import visible_masks

_MOST = 64  # classes of which the thousandfold fits 16 bits


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    Each expression is a class with one object, named in ``labels.txt``.
    """
    if len(run.expressions) > _MOST:
        raise OutputError(
            f"mots-png holds {_MOST} objects, not {len(run.expressions)}; use coco"
        )
    folder = target / "instances"
    folder.mkdir(parents=True)
    numbers = run.numbers(options.start_number)
    for number, prediction in zip(numbers, run.predictions(), strict=True):
        ids = np.zeros(prediction.masks.shape[1:], np.uint16)
        for query, mask in visible_masks(prediction):
            ids[mask] = 1001 * (query + 1)
        Image.fromarray(ids).save(folder / f"{number:06d}.png")
    lines = "".join(" ".join(text.split()) + "\n" for text in run.expressions)
    (folder / "labels.txt").write_text(lines, encoding="utf-8")
    return []
