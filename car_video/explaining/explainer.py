"""``explain``: a segmenter and a frame in, an ``Explanation`` out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.errors import ConfigError
from car_video.explaining.picture import queries_of, steps_of, with_choices
from car_video.explaining.reasons import reasons_of
from car_video.explaining.tracks import tracks_of
from car_video.explanation import Explanation
from car_video.models.numerics import in_standard_torch
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame, FramePrediction, as_image
from car_video.video.segmenter import VideoSegmenter


@in_standard_torch
@torch.inference_mode()
def explain(
    segmenter: ImageSegmenter | VideoSegmenter, frame: Frame | NDArray[np.uint8]
) -> Explanation:
    """What each stage gives for a frame, and why its expressions are found or not.

    Costs two to three times what the frame costs without.

    Args:
        segmenter: with its expressions. An :class:`~car_video.ImageSegmenter` takes the frame
            by itself. A :class:`~car_video.VideoSegmenter` takes it as the next one of its
            video, as ``step`` does, and remembers it as after ``step``.
        frame: a frame, or an array uint8 [H, W, 3], RGB.

    Raises:
        ValueError: neither.
        ConfigError: a preset that names the regions of a picture (``segment.sam.rule``): it has
            no such stages.

    Example:
        >>> from car_video import ImageSegmenter, explain, load_model
        >>> segmenter = ImageSegmenter(load_model("lite"), ["a dog"])
        >>> print(*explain(segmenter, np.zeros((48, 64, 3), np.uint8)).reasons[0])
        ... # doctest: +SKIP
    """
    video = segmenter if isinstance(segmenter, VideoSegmenter) else None
    image = video.image if video is not None else segmenter
    if not isinstance(image, ImageSegmenter):
        raise ConfigError(f"want an ImageSegmenter or a VideoSegmenter, got {segmenter!r}")
    if image.config.refine == "sam" and image.config.sam.rule == "regions":
        raise ConfigError(
            "segment.sam.rule regions names the parts of a picture and has none of the stages "
            "that explain shows; use another preset"
        )
    answer: FramePrediction | None = None
    if video is not None:
        frame = video.counter.frame(frame)
        answer = video.step(frame)
    elif not isinstance(frame, Frame):
        frame = Frame(0, 0.0, as_image(frame))
    encoded = image.encode(frame.image)
    stages = image.stages(encoded, frame.index, frame.time, details=True)
    tracks = () if video is None else tracks_of(video)
    prediction = stages.prediction if answer is None else answer
    queries = queries_of(image, encoded, stages)
    names = dict.fromkeys((image.proposer.name, image.classifier.name))
    found = Explanation(
        frame=frame,
        model=" and ".join(names),
        prediction=prediction,
        queries=with_choices(queries, image.queries.parts, prediction),
        parts=image.queries.parts,
        steps=steps_of(stages.survivors),
        theta=image.config.recurrence.confidence_threshold,
        threshold=image.config.presence_threshold,
        tracks=tracks,
        language=video is None or video.schedule.frames == 0,
        thresholds=_thresholds(segmenter, len(image.queries.parts)),
    )
    return replace(found, reasons=reasons_of(found))


def _thresholds(
    segmenter: ImageSegmenter | VideoSegmenter, expressions: int
) -> tuple[float, ...]:
    """See :attr:`Explanation.thresholds`."""
    if isinstance(segmenter, ImageSegmenter):
        assumed = segmenter.config.assume_present
        return (segmenter.config.picture_threshold,) * expressions if assumed else ()
    if not segmenter.image.config.assume_present:
        return ()
    if segmenter.video.mode == "per-frame":
        return (segmenter.image.config.picture_threshold,) * expressions
    of_queries = segmenter.presence.thresholds
    return tuple(
        min((float(of_queries[query]) for query in own), default=0.0)
        for own in segmenter.image.queries.parts
    )
