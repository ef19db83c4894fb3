"""What the masks cover, cut out: a video with alpha, or PNG files with alpha."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.io.writers.base import OutputInfo
from car_video.io.writers.drawing import erode
from car_video.io.writers.pngs import PngFolderWriter
from car_video.io.writers.video import VideoEncoder, choose_encoder
from car_video.types import Frame, FramePrediction

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


class CutoutVideoWriter:
    """``cutout.webm``: VP9 with alpha (yuva420p), opaque where any expression's mask is.

    Colour is blacked out away from the masks, so that what was cut away is not in the file.

    Args:
        path: of the webm.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.notices: list[str] = []
        self._fps = 0.0
        self._writer: VideoEncoder | None = None
        self._whole = False

    def open(self, info: OutputInfo) -> None:
        choose_encoder(VP9)
        self._fps = info.fps

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        if self._writer is None:
            self._writer = VideoEncoder(
                self.path, VP9, frame.width, frame.height, self._fps, "yuva420p"
            )
        self._writer.write(cut_out(frame.image, prediction, _CHROMA_REACH), frame.time)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer, self._whole = None, True

    def abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()
            self._writer = None

    def paths(self) -> list[Path]:
        return [self.path] if self._whole else []


class CutoutImageWriter(PngFolderWriter):
    """``folder/00000.png``: RGBA, opaque where any expression's mask is, zeros elsewhere."""

    def picture(self, frame: Frame, prediction: FramePrediction) -> Image.Image:
        return Image.fromarray(cut_out(frame.image, prediction))


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
