"""``segment_stream``: frames in, frames with predictions out, in every video mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from car_video.config import Config, SegmentConfig, VideoConfig
from car_video.corrections import Correction, check_together
from car_video.models.base import VisionLanguageModel
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel
from car_video.types import Frame, FramePrediction
from car_video.video.correction.alternatives import checked_count, with_alternatives
from car_video.video.correction.corrector import Corrector
from car_video.video.correction.stream import StreamCorrections
from car_video.video.offline import OfflineSegmenter
from car_video.video.scheduling.clock import NOMINAL_FPS
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

    @property
    def notices(self) -> list[str]:
        """What users should know of the run so far, one line each."""
        return [] if self._offline is None else self._offline.notices

    def push(self, frame: Frame | NDArray[np.uint8]) -> Iterator[tuple[Frame, FramePrediction]]:
        """Take a frame; gives the answers that are ready, which may be none.

        Raises:
            ValueError: it is no picture.
        """
        frame = self._segmenter.counter.frame(frame)
        if self._offline is None:
            yield frame, self._segmenter.step(frame)
        else:
            yield from self._offline.push(frame)

    def finish(self) -> Iterator[tuple[Frame, FramePrediction]]:
        """The answers that still wait, at the end."""
        if self._offline is not None:
            yield from self._offline.finish()

    def state_dict(self) -> State | None:
        """The segmenter's state after the last answer; None while frames wait for theirs.

        To be called when an answer has been taken, or between pushes.
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
    frames: Iterable[Frame | NDArray[np.uint8]],
    expressions: Sequence[str],
    config: Config | SegmentConfig | None = None,
    video: VideoConfig | None = None,
    *,
    mask_model: MaskModel | None = None,
    fps: float = NOMINAL_FPS,
    corrections: Iterable[Correction] = (),
    alternatives: int = 0,
) -> Iterator[tuple[Frame, FramePrediction]]:
    """Segment frames as they come; offline answers lag by up to a window of frames.

    Arguments are checked at once, frames when their turn comes.

    Args:
        model: from :func:`car_video.load_model`.
        frames: in order, may be endless; frames or arrays, as for :meth:`VideoSegmenter.step`.
        expressions: at least one sentence or phrase.
        config: a whole preset, or settings of the image algorithm.
        video: settings of the video algorithm; its ``mode`` decides.
        mask_model: a loaded mask model to share.
        fps: frames per second of arrays.
        corrections: what is right on single frames (docs/corrections.md). Up to
            ``video.offline.window`` frames before each wait for it.
        alternatives: other things that each expression may mean, so many at most; each frame
            then costs another language frame (``prediction.alternatives``).

    Returns:
        Every frame once and in order, with its prediction.

    Raises:
        CorrectionError: corrections of other expressions, or that contradict each other; of
            frames that they do not fit or that do not come, when their turn comes.
        ExpressionError: no expression, or an empty one.
        ConfigError: settings of another kind.
        ValueError: ``frames`` cannot be iterated over; a frame that is no picture, when its
            turn comes.
    """
    if not isinstance(frames, Iterable):
        raise ValueError(
            "frames must be read_frames(source) or arrays in order, "
            f"got {type(frames).__name__}"
        )
    segmenter = VideoSegmenter(
        model, expressions, config, video, mask_model=mask_model, fps=fps
    )
    given = check_together(corrections, segmenter.image.queries.expressions)
    count = checked_count(alternatives)
    answers = _answers(StreamSegmenter(segmenter), frames)
    if given:
        answers = _corrected(answers, segmenter, given)
    if not count:
        return answers
    image = segmenter.image
    return ((frame, with_alternatives(image, frame, one, count)) for frame, one in answers)


def _answers(
    stream: StreamSegmenter, frames: Iterable[Frame | NDArray[np.uint8]]
) -> Iterator[tuple[Frame, FramePrediction]]:
    for frame in frames:
        yield from stream.push(frame)
    yield from stream.finish()


def _corrected(
    answers: Iterable[tuple[Frame, FramePrediction]],
    segmenter: VideoSegmenter,
    given: list[Correction],
) -> Iterator[tuple[Frame, FramePrediction]]:
    video = segmenter.video
    stream = StreamCorrections(
        Corrector(segmenter.image, video),
        segmenter.image.queries.expressions,
        video.offline.window,
    )
    stream.add(given)
    for frame, prediction in answers:
        yield from stream.push(frame, prediction)
    yield from stream.finish()
