"""``Work``: all that a person has made of a clip, as a value; ``History`` undoes and redoes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from car_video.corrections import Box, Correction, Point
from car_video.io.formats import as_frame_dict, from_frame_dict
from car_video.types import FramePrediction

MOST_UNDONE = 50
"""Steps that can be undone. One holds references to what did not change, and is small."""

Key = tuple[int, int]
"""Index of a frame and number of an expression."""


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """The answer for one frame, in little memory.

    Attributes:
        line: its entry of ``predictions.json``.
        scores: in [0, 1], one per expression.
        present: one per expression.
    """

    line: bytes
    scores: tuple[float, ...]
    present: tuple[bool, ...]

    @classmethod
    def of(cls, prediction: FramePrediction, name: str = "") -> StoredFrame:
        """A prediction packed; ``name``: of the frame's file, where it is one."""
        entry = as_frame_dict(prediction, name)
        return cls(
            json.dumps(entry, allow_nan=False).encode("ascii"),
            tuple(round(float(score), 6) for score in prediction.scores),
            tuple(bool(here) for here in prediction.present),
        )

    def prediction(self, expressions: tuple[str, ...]) -> FramePrediction:
        """The prediction again."""
        return from_frame_dict(json.loads(self.line), expressions)

    @property
    def name(self) -> str:
        """Of the frame's file; empty where it is none."""
        return str(json.loads(self.line).get("file", ""))


class StoredPredictions(Mapping[int, FramePrediction]):
    """Stored frames as predictions, unpacked when asked for."""

    def __init__(self, frames: Mapping[int, StoredFrame], expressions: tuple[str, ...]) -> None:
        self._frames, self._expressions = frames, expressions

    def __getitem__(self, index: int) -> FramePrediction:
        return self._frames[index].prediction(self._expressions)

    def __iter__(self) -> Iterator[int]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)


@dataclass(frozen=True)
class HandMade:
    """What a person has said of one expression on one frame.

    Attributes:
        correction: what it comes to, a mask or absent.
        points: clicks that led to it.
        box: that led to it.
    """

    correction: Correction
    points: tuple[Point, ...] = ()
    box: Box | None = None

    @property
    def said(self) -> Correction | None:
        """The clicks and the box; None where there were none."""
        if not self.points and self.box is None:
            return None
        one = self.correction
        return Correction(one.frame, one.query, points=list(self.points), box=self.box)


class RunSettings(NamedTuple):
    """What answers depend on beside the models, the words and the frames.

    Attributes:
        preset: name of the preset.
        assume_present: what is looked for is there at some time, also where the preset leaves
            that open.
    """

    preset: str
    assume_present: bool = False


@dataclass(frozen=True)
class RunOptions:
    """Which frames a run takes, and how.

    Attributes:
        preset: see :class:`RunSettings`.
        start: seconds from the beginning.
        end: seconds, not included.
        stride: every so many frames.
        assume_present: see :class:`RunSettings`.
    """

    preset: str
    start: float | None = None
    end: float | None = None
    stride: int = 1
    assume_present: bool = False

    @property
    def settings(self) -> RunSettings:
        """How, apart from which frames."""
        return RunSettings(self.preset, self.assume_present)


@dataclass(frozen=True)
class Work:
    """What a person has made of a clip.

    Attributes:
        expressions: what is looked for.
        options: of the run that made the frames.
        frames: answers of the run so far, by index.
        complete: the run has come to its end.
        pending: hand-made masks that have not been carried to other frames yet.
        steps: corrections that have been, in the groups in which they were.
    """

    expressions: tuple[str, ...] = ()
    options: RunOptions | None = None
    frames: MutableMapping[int, StoredFrame] = field(default_factory=dict)
    complete: bool = False
    pending: Mapping[Key, HandMade] = field(default_factory=dict)
    steps: tuple[tuple[Correction, ...], ...] = ()

    @property
    def corrected(self) -> tuple[Key, ...]:
        """Frame and expression of the corrections that are part of the answers."""
        return tuple((one.frame, one.number(self.expressions)) for s in self.steps for one in s)

    def by_hand(self, query: int) -> list[int]:
        """Frames on which an expression is hand-made, rising."""
        known = {frame for frame, number in (*self.corrected, *self.pending) if number == query}
        return sorted(known)

    def with_pending(self, key: Key, made: HandMade | None) -> Work:
        """With something else said of a frame, or nothing any more."""
        pending = {k: v for k, v in self.pending.items() if k != key}
        if made is not None:
            pending[key] = made
        return replace(self, pending=pending)

    def made_on(self, index: int) -> dict[int, HandMade]:
        """What is hand-made on a frame and was not carried on, by number of the expression."""
        return {q: made for (frame, q), made in self.pending.items() if frame == index}

    def all_pending(self, indices: Sequence[int] | None = None) -> Mapping[Key, HandMade]:
        """Everything hand-made as if it had not been carried on yet, the newest of each.

        Args:
            indices: frames that count; None for all.
        """
        known = {
            (one.frame, one.number(self.expressions)): HandMade(one)
            for step in self.steps
            for one in step
        }
        made = {**known, **self.pending}
        wanted = None if indices is None else set(indices)
        return {k: v for k, v in made.items() if wanted is None or k[0] in wanted}

    def with_expressions(self, expressions: tuple[str, ...]) -> Work:
        """With other expressions: answers go, as all compete for pixels; what is hand-made
        stays for the expressions that do."""
        moved = {}
        for (frame, number), made in self.all_pending().items():
            text = self.expressions[number]
            if text in expressions:
                place = expressions.index(text)
                correction = replace(made.correction, query=place)
                moved[frame, place] = replace(made, correction=correction)
        return Work(expressions, pending=moved)


def still_chosen(chosen: int, before: Sequence[str], now: Sequence[str]) -> int:
    """Number of the chosen expression after others have come or gone.

    Args:
        chosen: its number before; where it has gone, that of the one in its place is given.
        before: expressions before.
        now: expressions now.
    """
    if chosen < len(before) and before[chosen] in now:
        return now.index(before[chosen])
    return max(0, min(chosen, len(now) - 1))


class History:
    """Versions of the work, one of which holds.

    Args:
        work: the first one.
    """

    def __init__(self, work: Work) -> None:
        self._done, self._undone = [work], list[Work]()

    @property
    def now(self) -> Work:
        """What holds."""
        return self._done[-1]

    def put(self, work: Work) -> None:
        """Another version from now on, which can be undone."""
        self._done = [*self._done, work][-MOST_UNDONE - 1 :]
        self._undone = []

    def settle(self, work: Work) -> None:
        """Another version in place of the one that holds, as a part of the same step."""
        self._done[-1] = work

    @property
    def can_undo(self) -> bool:
        """Whether there is a version before."""
        return len(self._done) > 1

    @property
    def can_redo(self) -> bool:
        """Whether a version was undone."""
        return bool(self._undone)

    def undo(self) -> None:
        """Back to the version before, if there is one."""
        if self.can_undo:
            self._undone.append(self._done.pop())

    def redo(self) -> None:
        """Forward to the version that was undone last, if there is one."""
        if self.can_redo:
            self._done.append(self._undone.pop())
