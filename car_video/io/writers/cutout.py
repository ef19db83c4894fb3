"""What the masks cover, cut out: a video with alpha, or PNG files with alpha."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.io.writers import masks
from car_video.io.writers.atomic_files import writing
from car_video.io.writers.base import Earlier, Run, Target, Writer
from car_video.io.writers.drawing import erode
from car_video.io.writers.pngs import PngFolderWriter
from car_video.io.writers.video_file import VideoFileWriter
from car_video.types import Frame, FramePrediction

FILE, FOLDER = "cutout.webm", "cutout"
VP9 = (
    (
        "libvpx-vp9",
        {
            "crf": "30",
            "b": "0",
            "deadline": "realtime",
            "cpu-used": "7",
            "row-mt": "1",
            "auto-alt-ref": "0",  # libvpx cannot have it together with alpha
        },
    ),
)
_CHROMA_REACH = 2  # pixels that half-size colour planes mix


class CutoutVideoWriter(VideoFileWriter):
    """``cutout.webm``: VP9 with alpha (yuva420p), opaque where any expression's mask is.

    Colour is blacked out away from the masks, so that what was cut away is not in the file.
    """

    codecs = VP9
    pix_fmt = "yuva420p"

    def picture(self, frame: Frame, prediction: FramePrediction) -> NDArray[np.uint8]:
        return cut_out(frame.image, prediction, _CHROMA_REACH)


class CutoutImageWriter(PngFolderWriter):
    """``folder/00000.png``: RGBA, opaque where any expression's mask is, zeros elsewhere.

    Args:
        folder: made where it is not there.
        done: as in :class:`PngFolderWriter`.
        masks: folder of the run's mask files; a cutout that is older than its mask is made
            anew.
    """

    def __init__(self, folder: str | Path, done: Earlier, masks: str | Path) -> None:
        super().__init__(folder, done)
        self._masks = Path(masks)

    def picture(self, frame: Frame, prediction: FramePrediction) -> Image.Image:
        return Image.fromarray(cut_out(frame.image, prediction))

    def keeps(self, path: Path, index: int) -> bool:
        mask = self._masks / path.name
        with writing(path):
            return super().keeps(path, index) and not (
                mask.exists() and mask.stat().st_mtime_ns > path.stat().st_mtime_ns
            )


def cut_out(
    image: NDArray[np.uint8], prediction: FramePrediction, bleed: int = 0
) -> NDArray[np.uint8]:
    """The image with alpha 255 where any mask is, 0 elsewhere.

    Args:
        image: uint8 [H, W, 3].
        prediction: masks bool [Q, H, W] of the same size.
        bleed: pixels around the masks that keep their colour (under alpha 0), for formats
            that mix the colours of neighbours; beyond it colour is 0.

    Returns:
        uint8 [H, W, 4].
    """
    matte: NDArray[np.bool_] = np.any(prediction.masks, axis=0)
    coloured = ~erode(~matte, bleed) if bleed else matte
    result = np.zeros((*matte.shape, 4), np.uint8)
    for channel in range(3):
        np.multiply(image[..., channel], coloured, out=result[..., channel])
    result[..., 3] = matte.view(np.uint8) * np.uint8(255)
    return result


def _make(run: Run) -> Writer:
    if run.info.still:
        return CutoutImageWriter(run.path / FOLDER, run.done, run.path / masks.FOLDER)
    return CutoutVideoWriter(run.path / FILE)


TARGET = Target(_make, files=(FILE,), folders=(FOLDER,))
