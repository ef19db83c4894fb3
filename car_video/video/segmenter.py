"""``VideoSegmenter``: the streaming entry, one ``step`` per frame.

For now every frame is segmented on its own; texts are encoded once per run.
"""

from __future__ import annotations

from collections.abc import Sequence

from car_video.config import SegmentConfig
from car_video.models.base import VisionLanguageModel
from car_video.models.pair import ModelPair
from car_video.segment.image import ImageSegmenter
from car_video.types import Frame, FramePrediction


class VideoSegmenter:
    """Masks of what expressions name, frame by frame, without end.

    Args:
        model: from :func:`car_video.load_model`.
        expressions: at least one sentence or phrase.
        config: see :class:`~car_video.config.SegmentConfig`.

    Raises:
        ExpressionError: no expression, or an empty one.
    """

    def __init__(
        self,
        model: ModelPair | VisionLanguageModel,
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
    ) -> None:
        self._image = ImageSegmenter(model, expressions, config)

    def step(self, frame: Frame) -> FramePrediction:
        """Segment the next frame."""
        return self._image.segment(frame.image, frame.index, frame.time)

    def set_expressions(self, expressions: Sequence[str]) -> None:
        """Look for other things from the next frame on."""
        self._image.set_expressions(expressions)

    def reset(self) -> None:
        """Forget the frames seen so far."""
