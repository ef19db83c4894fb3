"""DAVIS: palette PNGs in the folders of DAVIS 2017, with the list of sequences."""

from __future__ import annotations

from pathlib import Path

from car_video.errors import OutputError
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.formats import as_palette_image

RESOLUTION = "480p"
"""The folder that tools of DAVIS 2017 read by default, whatever the size of the pictures."""


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    Pixel = 1 + index of the expression. Where masks overlap the higher score wins.
    """
    if len(run.expressions) > 254:  # 255 is void in DAVIS
        raise OutputError(
            f"davis holds 254 objects, not {len(run.expressions)}; convert to coco instead"
        )
    name = folder_name(run.name)
    annotations = target / "Annotations" / RESOLUTION / name
    annotations.mkdir(parents=True)
    numbers = run.numbers(options.start_number)
    for number, prediction in zip(numbers, run.predictions(), strict=True):
        as_palette_image(prediction).save(annotations / f"{number:05d}.png")
    sets = target / "ImageSets" / "2017"
    sets.mkdir(parents=True)
    (sets / "val.txt").write_text(f"{name}\n", encoding="utf-8")
    return []


def folder_name(name: str) -> str:
    """A sequence's name without white space, at which readers of the list would split it."""
    return "_".join(name.split())
