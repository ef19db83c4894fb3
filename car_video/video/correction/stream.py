"""``StreamCorrections``: corrections of frames that come one by one.

Forwards they need nothing. Backwards, answers of the frames before a correction are held back,
up to a number of frames, so that memory is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from car_video.corrections import Correction
from car_video.errors import CorrectionError
from car_video.types import Frame, FramePrediction
from car_video.video.correction.answers import Answer, with_answers
from car_video.video.correction.corrector import Carried, Corrector, Thing
from car_video.video.state.selection import NEW, matching


class HeldFrame:
    """A frame with its prediction and the answers that corrections have changed.

    Attributes:
        frame: as given.
        prediction: as it was before all corrections.
        answers: by number of the expression.

    Args:
        source: the prediction before any correction, where that is another one.
    """

    def __init__(
        self, frame: Frame, prediction: FramePrediction, source: FramePrediction | None = None
    ) -> None:
        self.frame, self.prediction = frame, prediction
        self.answers: dict[int, Answer] = {}
        self._source = source or prediction

    def answer(self, index: int, query: int) -> Answer:
        """See :class:`~car_video.video.correction.corrector.Results`."""
        return self.answers.get(query) or Answer.of(self.prediction, query)

    def original(self, index: int, query: int) -> Answer:
        """See :class:`~car_video.video.correction.corrector.Results`."""
        return Answer.of(self._source, query)

    def put(self, index: int, query: int, answer: Answer) -> None:
        """See :class:`~car_video.video.correction.corrector.Results`."""
        self.answers[query] = answer

    def corrected(self, exclusive: bool) -> FramePrediction:
        """The prediction with all that has changed."""
        if not self.answers:
            return self.prediction
        return with_answers(self.prediction, self.answers, exclusive)


class StreamCorrections:
    """Takes frames with predictions in order, and gives them on corrected.

    Args:
        corrector: of the models and settings.
        expressions: of the predictions.
        window: frames before a correction that are held back for it at most.

    Attributes:
        pending: corrections of frames that have not come yet, by rising frame.
    """

    def __init__(self, corrector: Corrector, expressions: Sequence[str], window: int) -> None:
        self.pending: list[Correction] = []
        self._corrector, self._window = corrector, window
        self._expressions = tuple(expressions)
        self._held: list[HeldFrame] = []
        self._carried: list[Carried] = []
        self._corrected: dict[int, list[int]] = {q: [] for q in range(len(expressions))}
        self._last = -1

    @property
    def whole(self) -> bool:
        """Whether no frame is held back and nothing is carried on."""
        return not self._held and not any(one.active for one in self._carried)

    def add(self, corrections: Sequence[Correction]) -> None:
        """Corrections of frames to come, checked before (``check_together``)."""
        for one in corrections:
            self._corrected[one.number(self._expressions)].append(one.frame)
        self.pending = sorted([*self.pending, *corrections], key=lambda one: one.frame)

    def push(
        self, frame: Frame, prediction: FramePrediction
    ) -> Iterator[tuple[Frame, FramePrediction]]:
        """The next frame; gives those that no correction to come may change.

        Raises:
            CorrectionError: a correction that does not fit its frame, or of a frame that did
                not come.
        """
        if self.pending and self.pending[0].frame < frame.index:
            raise _no_frame(self.pending[0].frame, self._last, frame.index)
        self._last = frame.index
        newest = HeldFrame(frame, prediction)
        self._carried = [one for one in self._carried if one.step(frame, newest)]
        self._held.append(newest)
        if self.pending and self.pending[0].frame == frame.index:
            self._correct(newest)
        kept = self._wanted()
        while len(self._held) > kept:
            ready = self._held.pop(0)
            yield ready.frame, ready.corrected(self._corrector.exclusive)

    def select(self, expressions: Sequence[str]) -> None:
        """Other expressions from the next frame on; corrections of those that go are dropped.

        Pending corrections name their expressions by text.
        """
        places = matching(self._expressions, expressions)
        number = {was: now for now, was in enumerate(places) if was != NEW}
        self.pending = [one for one in self.pending if one.number(self._expressions) in number]
        for carried in self._carried:
            carried.active = {
                number[query]: one for query, one in carried.active.items() if query in number
            }
        corrected = {number[q]: own for q, own in self._corrected.items() if q in number}
        self._corrected = {q: corrected.get(q, []) for q in range(len(expressions))}
        self._expressions = tuple(expressions)

    def correct(
        self,
        frame: Frame,
        prediction: FramePrediction,
        source: FramePrediction,
        correction: Correction,
    ) -> FramePrediction:
        """Correct the newest frame, whose answer is out already; later ones follow from it.

        Args:
            frame: the frame.
            prediction: its answer.
            source: its answer before any correction.
            correction: of it.

        Raises:
            CorrectionError: the correction does not fit the frame; nothing changes then.
        """
        newest = HeldFrame(frame, prediction, source)
        number = correction.number(self._expressions)
        corrected = {**self._corrected, number: [*self._corrected[number], frame.index]}
        things = self._corrector.apply(frame, {number: correction}, corrected, newest)
        self._corrected, self._last = corrected, frame.index
        self._follow(newest, [number], things)
        return newest.corrected(self._corrector.exclusive)

    def finish(self) -> Iterator[tuple[Frame, FramePrediction]]:
        """The frames that are still held, at the end.

        Raises:
            CorrectionError: a correction of a frame that did not come.
        """
        if self.pending:
            raise _no_frame(self.pending[0].frame, self._last, None)
        for ready in self._held:
            yield ready.frame, ready.corrected(self._corrector.exclusive)
        self._held = []

    def _wanted(self) -> int:
        """How many of the frames held a correction to come may change."""
        if not self.pending or not self._corrector.carries:
            return 0
        first = self.pending[0].frame - self._window
        return sum(held.frame.index >= first for held in self._held)

    def _correct(self, newest: HeldFrame) -> None:
        """Apply the corrections of the newest frame, backwards over the held ones at once."""
        frame = newest.frame
        own = {
            one.number(self._expressions): one
            for one in self.pending
            if one.frame == frame.index
        }
        self.pending = self.pending[len(own) :]
        things = self._corrector.apply(frame, own, self._corrected, newest)
        self._follow(newest, list(own), things)

    def _follow(
        self, newest: HeldFrame, queries: Sequence[int], things: Mapping[int, Thing]
    ) -> None:
        """Carry what has been corrected on, in place of what was carried of its expressions.

        A change says nothing of the rest of the mask, so what was carried goes on beneath it.
        """
        for carried in self._carried:
            for query in queries:
                if query not in things or things[query].change is None:
                    carried.active.pop(query, None)
        if not any(thing.goes_on for thing in things.values()):
            return
        seen = self._corrector.see(newest.frame)
        back = self._corrector.start(seen, things)
        for held in reversed(self._held):
            if held is not newest and not back.step(held.frame, held):
                break
        self._carried.append(self._corrector.start(seen, things))


def _no_frame(wanted: int, before: int, after: int | None) -> CorrectionError:
    if after is None:
        return CorrectionError(
            f"there is no frame {wanted} to correct; the last one is {before}"
            if before >= 0
            else f"there is no frame {wanted} to correct; there is none at all"
        )
    return CorrectionError(
        f"there is no frame {wanted} to correct; frame {after} came after {before}"
        if before >= 0
        else f"there is no frame {wanted} to correct; the first one is {after}"
    )
