"""Parts of a video that can be segmented apart, with the result of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from car_video.config import VideoConfig
from car_video.types import Frame
from car_video.video.scheduling.keyframes import CutDetector, colour_histogram
from car_video.video.thumbnail import shrink

LEAST = 64
"""Frames of a part. Opening a file, and decoding up to its first frame, costs as much as a few
frames; so it is small beside the part."""


@dataclass(frozen=True)
class ScenePart:
    """Frames on which no frame before or after has a say.

    Attributes:
        start: time of the first one in seconds.
        indices: of all of them, rising.
    """

    start: float
    indices: tuple[int, ...]


def scene_parts(
    frames: Iterable[Frame], config: VideoConfig, least: int
) -> Iterator[ScenePart]:
    """Cut a video where the segmenter forgets everything.

    That is where a new scene begins (:class:`CutDetector`), or where the size of the frame
    changes; with ``mode="per-frame"`` it is before every frame. A part comes as soon as the one
    after it begins.

    Args:
        frames: of the source, in order, with what lies between them left out.
        config: settings of the video algorithm.
        least: frames of a part, but for the last one (:data:`LEAST`): short scenes stay
            together.
    """
    cuts, size = CutDetector(config.keyframes.cut), None
    start, indices = 0.0, list[int]()
    for frame in frames:
        shape = frame.image.shape
        if config.mode == "per-frame":
            apart = True
        else:
            colours = colour_histogram(shrink(frame.image))
            if size != shape:
                cuts.reset()
            apart = cuts.step(colours) or size != shape
        size = shape
        if apart and len(indices) >= least:
            yield ScenePart(start, tuple(indices))
            indices = []
        if not indices:
            start = frame.time
        indices.append(frame.index)
    if indices:
        yield ScenePart(start, tuple(indices))
