"""Mattes as a sequence of PNG: grey, or white with alpha, 8 or 16 bits per channel.

Pillow writes three of the four. It has no mode for 16 bits with alpha, so FFmpeg's encoder,
which comes with PyAV, makes those.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.mattes import mattes
from car_video.io.exports.options import ExportOptions


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`. There is a picture for every frame."""
    wanted = mattes(run, options.split)
    alpha, bits = options.choice("channel") == "alpha", options.choice("bits")
    for matte in wanted:
        (target / matte.name).mkdir(parents=True)
    numbers = run.numbers(options.start_number)
    for number, prediction in zip(numbers, run.predictions(one_size="matte-png"), strict=True):
        for matte in wanted:
            path = target / matte.name / f"{number:05d}.png"
            save(path, matte.mask(prediction), alpha, bits)
    return []


def save(path: Path, mask: NDArray[np.bool_], alpha: bool, bits: int) -> None:
    """Write a mask as PNG.

    Args:
        path: of the file.
        mask: bool [H, W].
        alpha: white with this alpha rather than grey.
        bits: 8 or 16.
    """
    kind, full = (np.uint8, 255) if bits == 8 else (np.uint16, 65535)
    values = np.where(mask, full, 0).astype(kind)
    if alpha:
        values = np.stack([np.full_like(values, full)] * 3 + [values], axis=-1)
        if bits == 16:
            path.write_bytes(_encoded(values))
            return
    Image.fromarray(values).save(path, "PNG")


def _encoded(image: NDArray[Any]) -> bytes:
    """A PNG of uint16 [H, W, 4]."""
    height, width = image.shape[:2]
    context = av.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt = width, height, "rgba64be"
    context.time_base = Fraction(1, 25)  # the encoder wants one, the file has none
    packets = context.encode(av.VideoFrame.from_ndarray(image, "rgba64be"))
    return b"".join(bytes(packet) for packet in (*packets, *context.encode(None)))
