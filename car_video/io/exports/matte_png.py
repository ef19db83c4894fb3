"""Mattes as a sequence of PNG: grey, or white with alpha, 8 or 16 bits per channel.

Pillow writes three of the four. It has no mode for 16 bits with alpha, so FFmpeg's encoder,
which comes with PyAV, makes those.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.mattes import levels, mattes
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.pictures import find_source, with_pictures
from car_video.types import FramePrediction


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`. There is a picture for every frame."""
    wanted = mattes(run, options)
    alpha, bits = options.choice("channel") == "alpha", options.choice("bits")
    for matte in wanted:
        (target / matte.name).mkdir(parents=True)
    numbers = run.numbers(options.start_number)
    for number, (image, prediction) in zip(numbers, _frames(run, options), strict=True):
        for matte in wanted:
            path = target / matte.name / f"{number:05d}.png"
            save(path, matte.alpha(prediction, image), alpha, bits)
    return []


def _frames(
    run: FinishedRun, options: ExportOptions
) -> Iterator[tuple[NDArray[np.uint8] | None, FramePrediction]]:
    """Predictions, with pictures where soft edges look at them."""
    if not options.edge_options.soft:
        for prediction in run.predictions(one_size="matte-png"):
            yield None, prediction
        return
    source = find_source(run, options.source)
    for frame, prediction in with_pictures(run, source, "matte-png"):
        yield frame.image, prediction


def save(path: Path, matte: NDArray[np.float32], alpha: bool, bits: int) -> None:
    """Write a matte as PNG.

    Args:
        path: of the file.
        matte: float32 [H, W] in [0, 1].
        alpha: white with this alpha rather than grey.
        bits: 8 or 16.
    """
    values = levels(matte, np.uint8 if bits == 8 else np.uint16)
    if alpha:
        full = np.iinfo(values.dtype).max
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
