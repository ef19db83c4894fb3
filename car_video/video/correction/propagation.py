"""``Propagation``: one correction carried from frame to frame, until it changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.models.numerics import in_standard_torch
from car_video.models.sam.base import TRAINED_SIDE
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame
from car_video.video.correction.answers import Answer
from car_video.video.observation import EncodedFrame
from car_video.video.scheduling.clock import duration
from car_video.video.scheduling.keyframes import CutDetector, colour_histogram
from car_video.video.thumbnail import shrink

AGREEMENT_SECONDS = 0.1
"""How long they must agree without a break: for a moment two things may just pass each other.
Three frames at 24 and 30 frames/s."""
AGREEMENT_FRAMES = 2
"""Frames that must agree at least, where so long is a frame or less."""


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


class Meaning(Protocol):
    """What a correction says of the frames around its own."""

    def begin(self, seen: SeenFrame) -> None:
        """Take the corrected frame; called first, and once."""

    def on(self, seen: SeenFrame, seconds: float, before: Answer) -> tuple[Answer, bool]:
        """The next frame in a direction.

        Args:
            seen: the frame.
            seconds: from the last one, above 0.
            before: the result so far.

        Returns:
            The answer that the correction gives, and whether the result so far agrees with it.
        """


class Propagation:
    """Carries a correction through the frames after it, or before it, one by one.

    It ends where it has agreed with the result so far for :data:`AGREEMENT_SECONDS`, at a cut,
    and where the size of the frames changes.

    Args:
        meaning: of the correction, new.
        start: the corrected frame.
        cut: see :class:`~car_video.video.scheduling.keyframes.CutDetector`.

    Attributes:
        over: it changes nothing any more.
    """

    def __init__(self, meaning: Meaning, start: SeenFrame, cut: float) -> None:
        self.over = False
        self._meaning = meaning
        self._cuts = CutDetector(cut)
        self._cuts.step(colour_histogram(start.thumbnail))
        self._last = start.frame
        self._agreed, self._agreed_seconds = 0, 0.0
        meaning.begin(start)

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
        earlier, later = sorted((self._last, frame), key=lambda one: one.index)
        seconds = duration(earlier.time, later.time)
        self._last = frame
        answer, agrees = self._meaning.on(seen, seconds, before)
        self._agreed = self._agreed + 1 if agrees else 0
        self._agreed_seconds = self._agreed_seconds + seconds if agrees else 0.0
        self.over = (
            self._agreed >= AGREEMENT_FRAMES and self._agreed_seconds >= AGREEMENT_SECONDS
        )
        return None if agrees else answer
