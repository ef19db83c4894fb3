"""``segment_stream``: frames in, frames with predictions out, in every video mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from car_video.config import SegmentConfig
from car_video.models.base import VisionLanguageModel
from car_video.models.pair import ModelPair
from car_video.types import Frame, FramePrediction
from car_video.video.config import VideoConfig
from car_video.video.offline import OfflineSegmenter
from car_video.video.segmenter import VideoSegmenter


def segment_stream(
    model: ModelPair | VisionLanguageModel,
    frames: Iterable[Frame],
    expressions: Sequence[str],
    config: SegmentConfig | None = None,
    video: VideoConfig | None = None,
) -> Iterator[tuple[Frame, FramePrediction]]:
    """Segment frames as they come; offline answers lag by up to a window of frames.

    Args:
        model: from :func:`car_video.load_model`.
        frames: in order; may be endless.
        expressions: at least one sentence or phrase.
        config: of the image algorithm.
        video: of the video algorithm; its ``mode`` decides.
    """
    video = video or VideoConfig()
    segmenter = VideoSegmenter(model, expressions, config, video)
    if video.mode != "offline":
        for frame in frames:
            yield frame, segmenter.step(frame)
        return
    offline = OfflineSegmenter(segmenter)
    for frame in frames:
        yield from offline.push(frame)
    yield from offline.finish()
