"""Videos whose alpha is a matte: what ProRes and WebM have in common."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.mattes import mattes
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.pictures import (
    find_source,
    find_timecode,
    pixel_aspect,
    white,
    with_pictures,
)
from car_video.io.writers.video import VideoEncoder

Codecs = Sequence[tuple[str, dict[str, str]]]


def write_videos(
    run: FinishedRun,
    target: Path,
    options: ExportOptions,
    codecs: Codecs,
    pix_fmt: str,
    suffix: str,
) -> list[str]:
    """One video of all objects, or a folder with one for each.

    The colours are the whole pictures of the source, or white; alpha is opaque where the mask
    is and is not multiplied into them. Pictures are shown at the times of the source.

    Args:
        run: what was found.
        target: file or folder to make.
        options: ``split``, ``fill`` and ``source``.
        codecs: names of encoders in order of preference, each with its options.
        pix_fmt: with alpha.
        suffix: of the files.

    Raises:
        OutputError: no encoder, or no source.
    """
    plain = options.choice("fill") == "white"
    source = None if plain else find_source(run, options.source)
    timecode = source.timecode if source else find_timecode(run, options.source)
    aspect = pixel_aspect(source) if source else Fraction(1)
    wanted = mattes(run, options.split)
    if options.split:
        target.mkdir()
    with ExitStack() as stack:
        encoders = []
        for matte in wanted:
            encoders.append(
                VideoEncoder(
                    target / f"{matte.name}{suffix}" if matte.name else target,
                    codecs,
                    run.width,
                    run.height,
                    float(run.rate),
                    pix_fmt=pix_fmt,
                    pixel_aspect=aspect,
                    timecode=timecode,
                )
            )
            stack.callback(encoders[-1].abort)
        pictures = with_pictures(run, source, suffix) if source else white(run, suffix)
        for frame, prediction in pictures:
            for matte, encoder in zip(wanted, encoders, strict=True):
                alpha = np.where(matte.mask(prediction), 255, 0).astype(np.uint8)
                encoder.write(np.dstack([frame.image, alpha]), frame.time)
        for encoder in encoders:
            encoder.close()
        stack.pop_all()
    return []
