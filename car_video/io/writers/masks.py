"""Masks as palette PNG files, one per frame, the form of DAVIS annotations."""

from __future__ import annotations

from PIL import Image

from car_video.errors import OutputError
from car_video.io.formats import as_palette_image
from car_video.io.writers.base import OutputInfo, Target
from car_video.io.writers.pngs import PngFolderWriter
from car_video.types import Frame, FramePrediction

FOLDER = "masks"


class MaskWriter(PngFolderWriter):
    """``folder/00000.png``: pixel = 1 + index of the expression, colours of DAVIS."""

    def open(self, info: OutputInfo) -> None:
        if len(info.expressions) > 255:
            raise OutputError(
                f"a mask PNG holds 255 expressions, not {len(info.expressions)}; leave masks "
                "out of --save (json holds any number)"
            )

    def picture(self, frame: Frame, prediction: FramePrediction) -> Image.Image:
        return as_palette_image(prediction)


TARGET = Target(lambda run: MaskWriter(run.path / FOLDER, run.done), folders=(FOLDER,))
