"""Videos whose alpha is a matte: what ProRes and WebM have in common."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np

from car_video.errors import OutputError
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.mattes import levels, mattes
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.pictures import (
    find_source,
    find_timecode,
    pixel_aspect,
    white,
    with_pictures,
)
from car_video.io.mattes.foreground import foreground_colours
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

    The colours are the whole pictures of the source, or white; alpha is not multiplied into
    them. Under soft edges they are those of the object, without what is behind it.
    Pictures are shown at the times of the source.

    Args:
        run: what was found.
        target: file or folder to make.
        options: ``split``, ``fill``, ``source`` and those of edges.
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
    wanted = mattes(run, options)
    soft = options.edge_options.soft
    if soft and source is None:
        raise OutputError("soft edges need the source's pictures; leave out --fill white")
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
                alpha = matte.alpha(prediction, frame.image)
                # Colours behind an inverted matte are the background's own already.
                mixed = soft and not options.invert
                image = foreground_colours(frame.image, alpha) if mixed else frame.image
                encoder.write(np.dstack([image, levels(alpha, np.uint8)]), frame.time)
        for encoder in encoders:
            encoder.close()
        stack.pop_all()
    return []
