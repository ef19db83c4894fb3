"""``Corrector``: corrections put to work, wherever frames and results so far are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from car_video.config.video import VideoConfig
from car_video.corrections import Correction
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame
from car_video.video.correction.anchors import corrected_mask
from car_video.video.correction.answers import Answer
from car_video.video.correction.change import Change, Mended, changes
from car_video.video.correction.follower import ObjectFollower
from car_video.video.correction.group import GroupFollower, names_several
from car_video.video.correction.meanings import Whole, Wrong
from car_video.video.correction.propagation import Meaning, Propagation, SeenFrame, see


@dataclass(frozen=True)
class Reach:
    """Frames that a correction may change: those to which it is the nearest of its expression.

    Attributes:
        first: index of the first one.
        last: index of the last one; None: to the end.
    """

    first: int
    last: int | None

    def holds(self, index: int) -> bool:
        """Whether a frame is within."""
        return self.first <= index and (self.last is None or index <= self.last)


def reach(frame: int, others: Iterable[int]) -> Reach:
    """How far a correction may reach, half the way to the others; the earlier wins a tie.

    Args:
        frame: index of the corrected one.
        others: indices of all corrected frames of the same expression.
    """
    known = set(others)
    before = max((other for other in known if other < frame), default=None)
    after = min((other for other in known if other > frame), default=None)
    first = 0 if before is None else (before + frame) // 2 + 1
    return Reach(first, None if after is None else (frame + after) // 2)


class Results(Protocol):
    """Answers by frame and expression, which corrections change."""

    def answer(self, index: int, query: int) -> Answer:
        """The answer as it stands."""

    def original(self, index: int, query: int) -> Answer:
        """The answer as it was before all corrections."""

    def put(self, index: int, query: int, answer: Answer) -> None:
        """Another one from now on."""


@dataclass(frozen=True)
class Thing:
    """What is followed from a corrected frame.

    Attributes:
        mask: bool [H, W], not empty.
        wrong: it was taken for the target and is not.
        reach: frames that may change.
        change: what has changed of the mask, where only that is carried on.
        guessed: the mask was made by clicks alone.
    """

    mask: NDArray[np.bool_]
    wrong: bool
    reach: Reach
    change: Change | None = None
    guessed: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether it says anything of other frames: a touched-up border does not."""
        return self.change is None or bool(self.change)


class Corrector:
    """Makes answers of corrections, and carries them to other frames.

    Args:
        image: its mask model and settings are used.
        video: settings of tracks; in ``per-frame`` mode no frame depends on another one, so a
            correction holds for its frame alone.
    """

    def __init__(self, image: ImageSegmenter, video: VideoConfig) -> None:
        self._image, self._video = image, video

    @property
    def exclusive(self) -> bool:
        """Whether expressions compete for pixels."""
        return self._image.config.mode == "semantic"

    @property
    def carries(self) -> bool:
        """Whether corrections reach other frames; that takes a mask model."""
        return self._image.sam is not None and self._video.mode != "per-frame"

    def apply(
        self,
        frame: Frame,
        corrections: Mapping[int, Correction],
        corrected: Mapping[int, Sequence[int]],
        results: Results,
    ) -> dict[int, Thing]:
        """Correct one frame.

        Args:
            frame: the frame.
            corrections: of it, by number of the expression.
            corrected: indices of all frames on which each expression is corrected.
            results: get the answers of this frame.

        Returns:
            By expression what is to be followed from there; nothing where nothing can be.

        Raises:
            CorrectionError: see :func:`~car_video.video.correction.anchors.corrected_mask`;
                then nothing is changed.
        """
        before = {query: results.answer(frame.index, query) for query in corrections}
        found = {
            query: corrected_mask(self._image.sam, frame.image, one, before[query].mask)
            for query, one in corrections.items()
        }
        things = {}
        for query, mask in found.items():
            here = bool(mask.any())
            results.put(frame.index, query, Answer(mask, float(here), by_hand=True))
            # Later frames are compared with the results so far, so what these are on is wrong.
            followed = mask if here else results.original(frame.index, query).mask
            within = reach(frame.index, corrected[query])
            one = corrections[query]
            if changes(one, before[query].mask, mask):
                change = Change.between(before[query].mask, mask)
                things[query] = Thing(mask, False, within, change, guessed=one.is_change)
            elif followed.any():
                things[query] = Thing(followed, not here, within, guessed=one.is_change)
        return things if self.carries else {}

    def start(self, seen: SeenFrame, things: Mapping[int, Thing]) -> Carried:
        """What is to be carried on from a corrected frame, in one direction."""
        carried = Carried(self._image)
        for query, thing in things.items():
            if not thing.goes_on:
                continue
            meaning = self._meaning(query, thing)
            propagation = Propagation(meaning, seen, self._video.keyframes.cut)
            carried.active[query] = propagation, thing.reach
        return carried

    def _meaning(self, query: int, thing: Thing) -> Meaning:
        """What a correction of an expression says of other frames."""
        sam = self._image.sam
        assert sam is not None
        new = partial(ObjectFollower, sam, self._image.config.sam, self._video)
        follower = GroupFollower(new, names_several(self._image.queries, query))
        if thing.change is not None:
            parts = partial(GroupFollower, new, several=True)
            return Mended(follower, parts, thing.change, pointed=thing.guessed)
        if thing.wrong:
            return Wrong(follower, thing.mask)
        return Whole(follower, thing.mask, thing.guessed)

    def see(self, frame: Frame) -> SeenFrame:
        """Encode a frame."""
        return see(self._image, frame)


class Carried:
    """Corrections on their way through the frames, in one direction.

    Args:
        image: encodes frames, once for all expressions.

    Attributes:
        active: by expression what goes on, and how far it may.
    """

    def __init__(self, image: ImageSegmenter) -> None:
        self._image = image
        self.active: dict[int, tuple[Propagation, Reach]] = {}

    def step(self, frame: Frame, results: Results) -> bool:
        """The next frame.

        Args:
            frame: the frame.
            results: get the answers that change.

        Returns:
            Whether anything goes on after it.
        """
        self.active = {q: one for q, one in self.active.items() if one[1].holds(frame.index)}
        if not self.active:
            return False
        seen = see(self._image, frame)
        for query, (propagation, _) in self.active.items():
            answer = propagation.step(seen, results.answer(frame.index, query))
            if answer is not None:
                results.put(frame.index, query, answer)
        self.active = {q: one for q, one in self.active.items() if not one[0].over}
        return bool(self.active)
