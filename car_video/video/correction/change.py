"""``Change``: what clicks have changed of a mask, carried on as parts that came and went.

Whoever clicks says that one place is wrong, and nothing of the rest. The mask that a click
makes need not be right yet, so other frames do not become like it: the part that came or went
is followed, and is added to the results so far or taken away from them. That an interaction
speaks by the difference that it makes is the idea of MiVOS (arXiv 2103.07941), which learns how
to fuse it; here the parts are followed as everything else is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from car_video.corrections import Correction
from car_video.segment.resizing import enlarge
from car_video.video.correction.answers import (
    Answer,
    agreement,
    border,
    border_width,
    mask_iou,
    same_thing,
)
from car_video.video.correction.group import SMALLEST_PART, GroupFollower
from car_video.video.correction.meanings import AGREEMENT_IOU
from car_video.video.correction.propagation import SeenFrame
from car_video.video.correction.standing import Continuity

LEAST_KEPT = 0.5
"""Part of the IoU of the mask and the mended one, which a result and the changed one must have:
half."""


@dataclass(frozen=True)
class Change:
    """What has changed of a mask, without what is finer than its border.

    Attributes:
        added: bool [H, W].
        removed: bool [H, W].
        after: bool [H, W]: the mask now.
        kept: IoU of the mask before and now.
    """

    added: NDArray[np.bool_]
    removed: NDArray[np.bool_]
    after: NDArray[np.bool_]
    kept: float

    @classmethod
    def between(cls, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Change:
        """From one mask bool [H, W] to another, not empty one."""
        width = border_width(after)
        sure = ~(border(before, width) | border(after, width))
        came, went = _parts(after & ~before, sure), _parts(before & ~after, sure)
        return cls(came, went, after, mask_iou(before, after))

    def __bool__(self) -> bool:
        return bool(self.added.any() or self.removed.any())


def changes(
    correction: Correction, before: NDArray[np.bool_], after: NDArray[np.bool_]
) -> bool:
    """Whether only what a correction changes of a mask is carried on.

    So it is with clicks, and with a box: how far the thing extends is a guess of the mask model
    with both, and the parts that it found wrong are what they tell apart.

    Args:
        correction: with a mask of this frame, not empty.
        before: bool [H, W]: the mask so far.
        after: bool [H, W]: the mask that it means.
    """
    return (correction.is_change or correction.prompts) and same_thing(before, after)


def _parts(changed: NDArray[np.bool_], sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pieces that are more than border (bool [H, W] each), and no specks."""
    labels, count = ndimage.label(changed, np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    areas[0] = 0
    held = areas >= max(1, SMALLEST_PART * areas.max())
    held &= np.isin(np.arange(count + 1), labels[sure])
    return held[labels]


class Mended:
    """The parts that changed are followed, and change the results so far.

    The mask itself is followed as well. What it claims is not taken away, as a part that went
    may grow into the thing that it was on. A result of which a change would leave less than
    half (:data:`LEAST_KEPT`) of what it left of the mask stays as it is: then what is followed
    has slipped. And where there is no result so far there is nothing to change, and the mask is
    the answer.

    Where nobody has pointed to the parts, as with a box, a result stays, too, that goes on from
    the corrected frame at least as well, see :mod:`~car_video.video.correction.standing`. A
    part that was clicked may be thinner than the flow sees.

    Args:
        whole: new, follows the mask.
        parts: makes a follower of the pieces of a mask.
        change: not empty.
        pointed: clicks have made it.
    """

    def __init__(
        self,
        whole: GroupFollower,
        parts: Callable[[], GroupFollower],
        change: Change,
        pointed: bool = False,
    ) -> None:
        self._kept, self._pointed = change.kept, pointed
        self._followed = {"whole": (whole, change.after)}
        for name, part in (("added", change.added), ("removed", change.removed)):
            if part.any():
                self._followed[name] = parts(), part

    def begin(self, seen: SeenFrame) -> None:
        """See :class:`~car_video.video.correction.propagation.Meaning`."""
        for follower, mask in self._followed.values():
            follower.begin(seen.encoded, seen.thumbnail, mask)
        self._way = Continuity(seen.thumbnail, self._followed["whole"][1])

    def on(self, seen: SeenFrame, seconds: float, before: Answer) -> tuple[Answer, bool]:
        """See :class:`~car_video.video.correction.propagation.Meaning`."""
        answer, agrees = self._changed(seen, seconds, before)
        if self._pointed:
            return answer, agrees
        self._way.move(seen.thumbnail)
        agrees |= self._way.stays(before.mask, answer.mask)
        self._way.keep(before.mask if agrees else answer.mask)
        return answer, agrees

    def _changed(self, seen: SeenFrame, seconds: float, before: Answer) -> tuple[Answer, bool]:
        """The result with the change, and whether it has it already."""
        size = (seen.frame.height, seen.frame.width)
        nothing = np.zeros(size, np.float32)
        logits, scores = {}, {}
        for name, (follower, _) in self._followed.items():
            found = follower.step(seen.encoded, seen.thumbnail, seconds)
            logits[name] = np.asarray(enlarge(found.logits[None].float(), size)[0].cpu())
            scores[name] = found.score
        whole = logits["whole"]
        if not before.mask.any():
            return Answer(whole > 0, scores["whole"]), not (whole > 0).any()
        came, went = logits.get("added", nothing), logits.get("removed", nothing)
        removed = (went > 0) & (went > came) & ~(whole > 0)
        added = (came > 0) & (came >= went)
        mask = (before.mask | added) & ~removed
        if mask_iou(mask, before.mask) < LEAST_KEPT * self._kept:
            return before, True  # what is followed is the thing itself, no part of it
        agrees = (
            agreement(mask, before.mask) >= AGREEMENT_IOU
            and _mostly(added, before.mask)
            and _mostly(removed, ~before.mask)
        )
        return Answer(mask, before.score if mask.any() else 0.0), agrees


def _mostly(part: NDArray[np.bool_], mask: NDArray[np.bool_]) -> bool:
    """Whether a part without its border lies in a mask, to :data:`AGREEMENT_IOU`."""
    core = part & ~border(part, border_width(part))
    return bool(np.count_nonzero(core & mask) >= AGREEMENT_IOU * np.count_nonzero(core))
