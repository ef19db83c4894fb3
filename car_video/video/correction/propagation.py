"""``Propagation``: one correction carried from frame to frame, until it changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.models.numerics import in_standard_torch
from car_video.models.sam.base import TRAINED_SIDE
from car_video.segment.resizing import enlarge
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame
from car_video.video.correction.answers import Answer, agreement, mask_iou
from car_video.video.correction.follower import STILL_THERE
from car_video.video.correction.group import GroupFollower
from car_video.video.observation import EncodedFrame
from car_video.video.scheduling.clock import NOMINAL_STEP
from car_video.video.scheduling.keyframes import CutDetector, colour_histogram
from car_video.video.thumbnail import shrink

AGREEMENT_IOU = 0.85
"""IoU, away from the borders, from which the result so far and the one from the correction say
the same. SAM's masks of one thing from two boxes differ by about a tenth; a part that is
missing makes more."""
AGREEMENT_SECONDS = 0.1
"""How long they must agree without a break: for a moment two things may just pass each other.
Three frames at 24 and 30 frames/s."""
AGREEMENT_FRAMES = 2
"""Frames that must agree at least, where so long is a frame or less."""
CLEARLY_BETTER = 1.1
"""How many times more the result so far must resemble the corrected thing to stay where the two
do not agree: a tenth more, as the map's cells are coarse."""
ON_IT = 0.5
"""IoU from which the result so far is on the thing that was said to be the wrong one: half."""


@dataclass(frozen=True)
class SeenFrame:
    """A frame, encoded once for all that is carried through it.

    Attributes:
        frame: as given.
        encoded: by both models.
        thumbnail: uint8 [h, w, 3], for motion.
    """

    frame: Frame
    encoded: EncodedFrame
    thumbnail: NDArray[np.uint8]


@in_standard_torch
@torch.inference_mode()
def see(image: ImageSegmenter, frame: Frame) -> SeenFrame:
    """Encode a frame, for the mask model as fine as it was trained to see.

    Frames around a correction are few, and a person has looked at them. Followed from a true
    mask (24 frames, every second one), masks at side 1024 instead of 512 gave J 0.840 for 0.797
    on dog-agility and 0.902 for 0.861 on tennis.
    """
    assert image.sam is not None
    (encoded,) = image.encode_batch([frame.image])
    embedding = image.sam.encode(encoded.pixels, TRAINED_SIDE)
    return SeenFrame(frame, EncodedFrame(encoded, embedding), shrink(frame.image))


class Propagation:
    """Carries a correction through the frames after it, or before it, one by one.

    It ends where it has agreed with the result so far for :data:`AGREEMENT_SECONDS`, at a cut,
    and where the size of the frames changes.

    Args:
        follower: new.
        start: the corrected frame.
        mask: bool [H, W], not empty: of the target, or of the thing that is none.
        wrong: the mask is of the wrong thing: the target is absent while the result so far is
            on it.
        cut: see :class:`~car_video.video.scheduling.keyframes.CutDetector`.

    Attributes:
        over: it changes nothing any more.
    """

    def __init__(
        self,
        follower: GroupFollower,
        start: SeenFrame,
        mask: NDArray[np.bool_],
        wrong: bool,
        cut: float,
    ) -> None:
        self.over = False
        self._follower, self._wrong = follower, wrong
        self._cuts = CutDetector(cut)
        self._cuts.step(colour_histogram(start.thumbnail))
        self._last = start.frame
        self._agreed, self._agreed_seconds = 0, 0.0
        follower.begin(start.encoded, start.thumbnail, mask)

    def step(self, seen: SeenFrame, before: Answer) -> Answer | None:
        """The next frame in its direction.

        Args:
            seen: the frame.
            before: the result so far.

        Returns:
            The answer now; None where the result so far stays.
        """
        frame = seen.frame
        new_size = frame.image.shape != self._last.image.shape
        if self.over or new_size or self._cuts.step(colour_histogram(seen.thumbnail)):
            self.over = True
            return None
        seconds = abs(frame.time - self._last.time) or NOMINAL_STEP
        self._last = frame
        found = self._follower.step(seen.encoded, seen.thumbnail, seconds)
        size = (frame.height, frame.width)
        mask = np.asarray((enlarge(found.logits[None], size)[0] > 0).cpu().numpy())
        if self._wrong:
            agrees = not before.mask.any() or mask_iou(mask, before.mask) < ON_IT
            answer = Answer(np.zeros_like(mask), 0.0)
        else:
            agrees = agreement(mask, before.mask) >= AGREEMENT_IOU
            if not agrees and before.mask.any():
                # Perhaps what was followed is lost, or has slipped to something else.
                known = self._follower.resemblance(seen.encoded, before.mask)
                own = self._follower.resemblance(seen.encoded, mask) if mask.any() else 0.0
                agrees = known >= max(STILL_THERE, CLEARLY_BETTER * own)
            answer = Answer(mask, found.score)
        self._agreed = self._agreed + 1 if agrees else 0
        self._agreed_seconds = self._agreed_seconds + seconds if agrees else 0.0
        self.over = (
            self._agreed >= AGREEMENT_FRAMES and self._agreed_seconds >= AGREEMENT_SECONDS
        )
        return None if agrees else answer
