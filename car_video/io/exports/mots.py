"""MOTS: the text file of MOTSChallenge and KITTI MOTS, a line per object and frame."""

from __future__ import annotations

from pathlib import Path

from pycocotools import mask as coco

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.visible import visible_masks

CLASS = 2
"""Pedestrians, the class that the challenge scores; the format knows no sentences."""

FIRST = 1
"""Number of the first frame, as MOTSChallenge counts."""


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    Masks do not overlap there: the higher score wins. Frames are counted from 1 without gaps.
    """
    numbers = run.numbers(FIRST if options.start_number is None else options.start_number)
    with target.open("w", encoding="ascii") as file:
        pairs = zip(numbers, run.predictions(one_size="mots"), strict=True)
        for number, prediction in pairs:
            for query, mask in visible_masks(prediction):
                code = coco.encode(mask.astype("uint8", order="F"))
                height, width = code["size"]
                counts = code["counts"].decode("ascii")
                track = CLASS * 1000 + query + 1
                file.write(f"{number} {track} {CLASS} {height} {width} {counts}\n")
    return []
