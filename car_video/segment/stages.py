"""What the steps of the image algorithm have given of one picture."""

from __future__ import annotations

from dataclasses import dataclass

from car_video.segment.recurrence import Survivors
from car_video.segment.refinement.refine import RefinedMasks
from car_video.types import FramePrediction


@dataclass(frozen=True)
class PictureStages:
    """Of :meth:`~car_video.segment.segmenter.ImageSegmenter.stages`.

    Attributes:
        survivors: the result of the recurrence.
        refined: masks of the survivors.
        prediction: masks, scores and presence of the expressions.
    """

    survivors: Survivors
    refined: RefinedMasks
    prediction: FramePrediction
