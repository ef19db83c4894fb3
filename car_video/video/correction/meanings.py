"""What a whole mask says of other frames: this is the target, or this is something else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from car_video.segment.resizing import enlarge
from car_video.video.correction.answers import Answer, agreement, mask_iou, same_thing
from car_video.video.correction.follower import STILL_THERE
from car_video.video.correction.group import GroupFollower
from car_video.video.correction.propagation import SeenFrame
from car_video.video.correction.standing import Continuity

AGREEMENT_IOU = 0.85
"""IoU, away from the borders, from which the result so far and the one from the correction say
the same. SAM's masks of one thing from two boxes differ by about a tenth; a part that is
missing makes more."""
CLEARLY_BETTER = 1.1
"""How many times more the result so far must resemble the corrected thing to stay where the two
do not agree: a tenth more, as the map's cells are coarse."""
ON_IT = 0.5
"""IoU from which the result so far is on the thing that was said to be the wrong one: half."""


class Whole:
    """The mask is all of the target, which is followed in place of the result so far.

    A result that goes on from the corrected frame at least as well stays, see
    :mod:`~car_video.video.correction.standing`.

    Clicks say which thing the target is, and not how far it extends, which the mask model has
    guessed. So where the result so far is of the same thing it stays.

    Args:
        follower: new.
        mask: bool [H, W], not empty: of the corrected frame.
        guessed: the mask was made by clicks alone.
    """

    def __init__(
        self, follower: GroupFollower, mask: NDArray[np.bool_], guessed: bool = False
    ) -> None:
        self._follower, self._mask, self._guessed = follower, mask, guessed

    def begin(self, seen: SeenFrame) -> None:
        """See :class:`~car_video.video.correction.propagation.Meaning`."""
        self._follower.begin(seen.encoded, seen.thumbnail, self._mask)
        self._way = Continuity(seen.thumbnail, self._mask)

    def on(self, seen: SeenFrame, seconds: float, before: Answer) -> tuple[Answer, bool]:
        """See :class:`~car_video.video.correction.propagation.Meaning`."""
        mask, score = followed(self._follower, seen, seconds)
        self._way.move(seen.thumbnail)
        agrees = agreement(mask, before.mask) >= AGREEMENT_IOU
        agrees |= self._guessed and same_thing(mask, before.mask)
        agrees |= self._way.stays(before.mask, mask)
        if not agrees and before.mask.any():
            # Perhaps what was followed is lost, or has slipped to something else.
            known = self._follower.resemblance(seen.encoded, before.mask)
            own = self._follower.resemblance(seen.encoded, mask) if mask.any() else 0.0
            agrees = known >= max(STILL_THERE, CLEARLY_BETTER * own)
        self._way.keep(before.mask if agrees else mask)
        return Answer(mask, score), agrees


class Wrong:
    """The mask is of something else: the target is absent while the result so far is on it.

    Args:
        follower: new.
        mask: bool [H, W], not empty: of the corrected frame.
    """

    def __init__(self, follower: GroupFollower, mask: NDArray[np.bool_]) -> None:
        self._follower, self._mask = follower, mask

    def begin(self, seen: SeenFrame) -> None:
        """See :class:`~car_video.video.correction.propagation.Meaning`."""
        self._follower.begin(seen.encoded, seen.thumbnail, self._mask)

    def on(self, seen: SeenFrame, seconds: float, before: Answer) -> tuple[Answer, bool]:
        """See :class:`~car_video.video.correction.propagation.Meaning`."""
        mask, _ = followed(self._follower, seen, seconds)
        agrees = not before.mask.any() or mask_iou(mask, before.mask) < ON_IT
        return Answer(np.zeros_like(mask), 0.0), agrees


def followed(
    follower: GroupFollower, seen: SeenFrame, seconds: float
) -> tuple[NDArray[np.bool_], float]:
    """What is followed on the next frame: bool [H, W], and its score in [0, 1]."""
    found = follower.step(seen.encoded, seen.thumbnail, seconds)
    size = (seen.frame.height, seen.frame.width)
    mask = enlarge(found.logits[None], size)[0] > 0
    return np.asarray(mask.cpu().numpy()), found.score
