"""Corrections of a run that is done: only the frames that change are read and computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from car_video.corrections import Correction, check_frame, check_together
from car_video.errors import CorrectionError
from car_video.types import Frame, FramePrediction
from car_video.video.correction.answers import Answer, PackedAnswer, with_answers
from car_video.video.correction.corrector import Corrector


class ClipResults:
    """Predictions of a run, and over them the answers that corrections have changed.

    Args:
        predictions: by index of their frame; they may be read from a disk.
        originals: those of frames whose predictions a person has changed already.
    """

    def __init__(
        self,
        predictions: Mapping[int, FramePrediction],
        originals: Mapping[int, FramePrediction],
    ) -> None:
        self._predictions, self._originals = predictions, originals
        self._newest: FramePrediction | None = None
        self.changed: dict[int, dict[int, PackedAnswer]] = {}

    def prediction(self, index: int) -> FramePrediction:
        """As it was before all corrections."""
        if self._newest is None or self._newest.index != index:
            self._newest = self._predictions[index]
        return self._newest

    def answer(self, index: int, query: int) -> Answer:
        """See :class:`~car_video.video.correction.corrector.Results`."""
        packed = self.changed.get(index, {}).get(query)
        return Answer.of(self.prediction(index), query) if packed is None else packed.unpacked()

    def original(self, index: int, query: int) -> Answer:
        """See :class:`~car_video.video.correction.corrector.Results`."""
        known = self._originals.get(index)
        return Answer.of(known or self.prediction(index), query)

    def put(self, index: int, query: int, answer: Answer) -> None:
        """See :class:`~car_video.video.correction.corrector.Results`."""
        self.changed.setdefault(index, {})[query] = answer.packed()


def correct_clip(
    corrector: Corrector,
    frame_at: Callable[[int], Frame],
    predictions: Mapping[int, FramePrediction],
    corrections: Iterable[Correction],
    earlier: Sequence[tuple[int, int]] = (),
    tell: Callable[[int], None] | None = None,
    originals: Mapping[int, FramePrediction] | None = None,
) -> Iterator[FramePrediction]:
    """Predictions whose masks corrections change, by rising index.

    Args:
        corrector: of the run's models and settings.
        frame_at: gives the frame of an index; asked for those only that may change.
        predictions: of all frames of the run, by index; all with the same expressions.
        corrections: of frames and expressions that the run has.
        earlier: frame and number of the expression of corrections that are part of the
            predictions already. Where an earlier one is nearer, it stays.
        tell: called with the index of each frame that is computed.
        originals: of corrected frames whose predictions a person has changed already: what they
            were before.

    Raises:
        CorrectionError: a correction that does not fit the run; nothing has been given then.
    """
    indices = sorted(predictions)
    if not indices:
        raise CorrectionError("the run has no frame that could be corrected")
    expressions = predictions[indices[0]].expressions
    given = check_together(corrections, expressions)
    for one in given:
        check_frame(one, indices)
    corrected: dict[int, list[int]] = {query: [] for query in range(len(expressions))}
    for index, query in earlier:
        corrected[query].append(index)
    by_frame: dict[int, dict[int, Correction]] = {}
    for one in given:
        query = one.number(expressions)
        corrected[query].append(one.frame)
        by_frame.setdefault(one.frame, {})[query] = one
    results = ClipResults(predictions, originals or {})
    frames = {index: frame_at(index) for index in by_frame}
    things = {
        index: corrector.apply(frames[index], own, corrected, results)
        for index, own in by_frame.items()
    }
    for index, followed in things.items():
        if not any(thing.goes_on for thing in followed.values()):
            continue
        place = indices.index(index)
        seen = corrector.see(frames.pop(index))
        for way in (indices[:place][::-1], indices[place + 1 :]):
            carried = corrector.start(seen, followed)
            for other in way:
                if tell is not None:
                    tell(other)
                if not carried.step(frame_at(other), results):
                    break
    for index in sorted(results.changed):
        before = results.prediction(index)
        answers = {q: packed.unpacked() for q, packed in results.changed[index].items()}
        if any((one.mask != before.masks[q]).any() for q, one in answers.items()):
            yield with_answers(before, answers, corrector.exclusive)
