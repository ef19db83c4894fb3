"""``FrameAnswers``: single frames, asked for at once: masks, alternatives, clicks and boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from car_video.corrections import Correction
from car_video.page.engine import Engine
from car_video.page.remembered import Newest, RememberingSegmenter
from car_video.page.work import HandMade, RunSettings
from car_video.types import Alternative, Frame, FramePrediction
from car_video.video.correction.alternatives import find_alternatives
from car_video.video.correction.anchors import corrected_mask
from car_video.video.correction.answers import Answer, with_answers

ALTERNATIVES = 3
"""Other things to choose from, for each expression."""

ANYTHING = ("object",)
"""Stands for expressions while there are none; no frame is asked about it."""

_KEPT_ANSWERS = 64


class FrameAnswers:
    """What the models say of single frames; answers are kept until the expressions change.

    Args:
        engine: the models.
        settings: that hold.
    """

    def __init__(self, engine: Engine, settings: RunSettings) -> None:
        self._settings = settings
        self._engine = engine
        self._segmenter: RememberingSegmenter | None = None
        self._expressions: tuple[str, ...] = ()
        self._forget()

    def _forget(self) -> None:
        self._predictions: Newest[FramePrediction] = Newest(_KEPT_ANSWERS)
        self._others: Newest[tuple[tuple[Alternative, ...], ...]] = Newest(_KEPT_ANSWERS)

    def segmenter(self, expressions: Sequence[str]) -> RememberingSegmenter:
        """The image algorithm for these expressions; to be called in a turn.

        Raises:
            ExpressionError: an empty one.
            ModelError: the models cannot be loaded.
        """
        wanted = tuple(expressions)
        if self._segmenter is None:
            self._segmenter = self._engine.image_segmenter(wanted, self._settings)
        elif wanted != self._expressions:
            self._segmenter.set_expressions(wanted)
        if wanted != self._expressions:
            self._forget()  # first, as others may ask for what is known at any time
            self._expressions = wanted
        return self._segmenter

    def known(self, expressions: Sequence[str], index: int) -> FramePrediction | None:
        """The answer for a frame, if it is there already."""
        if tuple(expressions) != self._expressions:
            return None
        return self._predictions.peek(index)

    def prepare(
        self, expressions: Sequence[str], frame: Frame, wanted: Callable[[], bool]
    ) -> None:
        """Encode a frame before anything is asked about it.

        That is most of the time of an answer, and passes while a person still types.

        Args:
            expressions: of the work; may be none.
            frame: the frame.
            wanted: whether it still is, asked when it is this call's turn.

        Raises:
            ModelError: the models cannot be loaded.
        """
        with self._engine.turns.turn():
            if not wanted():
                return
            segmenter = self._segmenter or self.segmenter(expressions or ANYTHING)
            segmenter.prepare(frame.image)

    def prediction(self, expressions: Sequence[str], frame: Frame) -> FramePrediction:
        """The answer for a frame, as a picture by itself."""
        with self._engine.turns.turn():
            segmenter = self.segmenter(expressions)

            def make() -> FramePrediction:
                encoded = segmenter.encode(frame.image)
                return segmenter.segment_encoded(encoded, frame.index, frame.time)

            return self._predictions.get(frame.index, make)

    def alternatives(
        self, expressions: Sequence[str], frame: Frame, prediction: FramePrediction
    ) -> tuple[tuple[Alternative, ...], ...]:
        """For each expression other things that it may mean on a frame, best first."""
        key = frame.index, hash(prediction.masks.tobytes())
        with self._engine.turns.turn():
            segmenter = self.segmenter(expressions)
            return self._others.get(
                key, lambda: find_alternatives(segmenter, frame, prediction, ALTERNATIVES)
            )

    def hand_made(
        self,
        expressions: Sequence[str],
        frame: Frame,
        said: Correction,
        before: FramePrediction,
    ) -> HandMade:
        """The mask that clicks and a box mean.

        Args:
            expressions: of the work.
            frame: the frame.
            said: clicks, a box, a mask, or absent.
            before: the answer that they mend.

        Raises:
            CorrectionError: nothing is found there.
        """
        number = said.number(expressions)
        with self._engine.turns.turn():
            sam = self.segmenter(expressions).sam
            mask = corrected_mask(sam, frame.image, said, before.masks[number])
        settled = Correction(frame.index, number, absent=True)
        if mask.any():
            settled = Correction(frame.index, number, mask=mask, mends=said.is_change)
        return HandMade(settled, tuple(said.points), said.box)


def shown_with(
    prediction: FramePrediction, made: dict[int, HandMade], exclusive: bool
) -> FramePrediction:
    """A prediction with what is hand-made on its frame.

    Args:
        prediction: of the frame.
        made: by number of the expression.
        exclusive: masks share no pixel.
    """
    if not made:
        return prediction
    answers = {}
    for number, one in made.items():
        mask = one.correction.mask
        here = mask is not None
        shape = prediction.masks.shape[1:]
        answers[number] = Answer(
            np.zeros(shape, bool) if mask is None else mask, float(here), by_hand=True
        )
    return with_answers(prediction, answers, exclusive)
