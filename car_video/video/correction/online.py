"""``OnlineCorrections``: corrections given while a video runs, to the newest frame or ahead."""

from __future__ import annotations

import dataclasses

from car_video.config.video import VideoConfig
from car_video.corrections import Correction, check_together
from car_video.errors import CorrectionError
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame, FramePrediction
from car_video.video.correction.corrector import Corrector
from car_video.video.correction.stream import StreamCorrections


class OnlineCorrections:
    """Every frame is answered at once, so corrections reach the frames after them only.

    Args:
        image: the image algorithm with its expressions.
        video: settings of the video algorithm.
    """

    def __init__(self, image: ImageSegmenter, video: VideoConfig) -> None:
        self._image, self._video = image, video
        self.reset()

    def reset(self) -> None:
        """Forget all corrections, and the newest frame."""
        self._expressions = self._image.queries.expressions
        self._stream = StreamCorrections(
            Corrector(self._image, self._video), self._expressions, window=0
        )
        # The newest frame, its answer, and its answer before any correction.
        self._newest: tuple[Frame, FramePrediction, FramePrediction] | None = None

    @property
    def idle(self) -> bool:
        """Whether the next frames are answered as if nothing had been corrected."""
        return self._stream.whole and not self._stream.pending

    def select(self) -> None:
        """Other expressions from the next frame on; corrections of those that stay, stay."""
        now = self._image.queries.expressions
        self._stream.select(now)
        self._expressions = now
        self._newest = None

    def add(self, correction: Correction) -> FramePrediction | None:
        """Take a correction of the newest frame, or of one to come.

        Returns:
            The newest frame's prediction, corrected; None where the frame is still to come.

        Raises:
            CorrectionError: it does not fit the expressions or the frame, or the frame has
                passed; nothing changes then.
        """
        (correction,) = check_together([correction], self._expressions)
        text = self._expressions[correction.number(self._expressions)]
        correction = dataclasses.replace(correction, query=text)
        newest = -1 if self._newest is None else self._newest[0].index
        if correction.frame < newest:
            raise CorrectionError(
                f"frame {correction.frame} has passed, the newest is {newest}; segment_stream "
                "with corrections= reaches back"
            )
        if self._newest is None or correction.frame > newest:
            check_together([*self._stream.pending, correction], self._expressions)
            self._stream.add([correction])
            return None
        frame, prediction, source = self._newest
        corrected = self._stream.correct(frame, prediction, source, correction)
        self._newest = frame, corrected, source
        return corrected

    def step(self, frame: Frame, prediction: FramePrediction) -> FramePrediction:
        """The prediction of the next frame, corrected.

        Raises:
            CorrectionError: a correction that does not fit its frame, or of a frame that did
                not come.
        """
        answer = prediction
        if not self.idle:
            ((_, answer),) = self._stream.push(frame, prediction)
        self._newest = frame, answer, prediction
        return answer
