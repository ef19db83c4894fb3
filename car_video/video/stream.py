"""``segment_stream``: frames in, frames with predictions out, in every video mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from car_video.config import SegmentConfig
from car_video.config.video import VideoConfig
from car_video.models.base import VisionLanguageModel
from car_video.models.pair import ModelPair
from car_video.types import Frame, FramePrediction
from car_video.video.offline import OfflineSegmenter
from car_video.video.segmenter import VideoSegmenter
from car_video.video.state.tensors import State


class StreamSegmenter:
    """Frames in one by one, answers out when they are ready; the same in every mode.

    Args:
        segmenter: its ``video.mode`` decides; offline answers lag by up to a window.
    """

    def __init__(self, segmenter: VideoSegmenter) -> None:
        self._segmenter = segmenter
        offline = segmenter.video.mode == "offline"
        self._offline = OfflineSegmenter(segmenter) if offline else None

    @property
    def remembers(self) -> bool:
        """Whether a frame's answer depends on other frames."""
        return self._segmenter.video.mode != "per-frame"

    def push(self, frame: Frame) -> Iterator[tuple[Frame, FramePrediction]]:
        """Take a frame; gives the answers that are ready, which may be none."""
        if self._offline is None:
            yield frame, self._segmenter.step(frame)
        else:
            yield from self._offline.push(frame)

    def finish(self) -> Iterator[tuple[Frame, FramePrediction]]:
        """The answers that still wait, at the end."""
        if self._offline is not None:
            yield from self._offline.finish()

    def state_dict(self) -> State | None:
        """The segmenter's, as of the last answer given; None while frames wait for theirs.

        To be asked for when an answer has been taken, or between pushes.
        """
        if self._offline is not None and not self._offline.whole:
            return None
        return self._segmenter.state_dict()

    def load_state_dict(self, state: State) -> None:
        """As :meth:`VideoSegmenter.load_state_dict`; frames that waited are forgotten."""
        if self._offline is not None:
            self._offline = OfflineSegmenter(self._segmenter)
        self._segmenter.load_state_dict(state)


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
    stream = StreamSegmenter(VideoSegmenter(model, expressions, config, video))
    for frame in frames:
        yield from stream.push(frame)
    yield from stream.finish()
