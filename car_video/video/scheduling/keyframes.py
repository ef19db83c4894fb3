"""When language has to look: at the start, after a cut, every n frames, and in doubt."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.video.state.tensors import State, as_array, take

SOON = 2  # frames until language looks for who has just gone
LONGEST = 1000  # frames between keyframes
BINS = 4  # per colour: coarse enough that motion and light leave a picture alike


def colour_histogram(thumbnail: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Part of the pixels in each of 4 x 4 x 4 colours; uint8 [H, W, 3] -> float64 [64]."""
    bins = (thumbnail // (256 // BINS)).reshape(-1, 3).astype(np.int64)
    codes = (bins[:, 0] * BINS + bins[:, 1]) * BINS + bins[:, 2]
    return np.bincount(codes, minlength=BINS**3) / len(codes)


class Rhythm:
    """When language looks next.

    Who has just gone may be hidden for a moment only: it is looked for after 2, 4, 8, ...
    frames, until that is as rare as keyframes are anyway.

    Attributes:
        since: frames since language has looked, with that one; 0 before it ever has.
        wait: frames from one look to the next while somebody is sought.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Language looks at the next frame; nobody is sought."""
        self.since, self.wait = 0, LONGEST

    def due(self, every: int) -> bool:
        """Whether the next frame is a keyframe, if each ``every``-th is one at least."""
        return not 0 < self.since < min(every, self.wait)

    def passed(self) -> None:
        """A frame has gone by without language."""
        self.since += 1

    def looked(self, gone: bool) -> None:
        """Language has looked, and somebody who was there is gone, or nobody is."""
        self.since = 1
        self.wait = SOON if gone else min(LONGEST, 2 * self.wait)


class CutDetector:
    """Scene cuts from the colours of small pictures.

    Args:
        threshold: least part of the pixels that change their colour class; 1 finds no cut.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.last: NDArray[np.float64] | None = None

    def reset(self) -> None:
        """Forget the last picture."""
        self.last = None

    def step(self, colours: NDArray[np.float64]) -> bool:
        """Whether a new scene begins with the picture that has these colours (see
        :func:`colour_histogram`); False for the first one."""
        cut = self.is_cut(colours)
        self.last = colours
        return cut

    def is_cut(self, colours: NDArray[np.float64]) -> bool:
        """As :meth:`step`, but the last picture stays the last."""
        if self.last is None:
            return False
        change = abs(colours - self.last).sum() / 2
        return float(change) > self.threshold

    def state_dict(self) -> State:
        """``last``, float64 [64]; nothing before the first picture."""
        return {} if self.last is None else {"last": torch.from_numpy(self.last)}

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.last = (
            as_array(take(state, "last", torch.float64, (BINS**3,)))
            if "last" in state
            else None
        )
