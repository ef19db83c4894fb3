"""Which frames are keyframes, that is, seen by language; and where a new scene begins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.video.scheduling.clock import NOMINAL_STEP
from car_video.video.state.tensors import State, as_array, take

RETRY = 2 * NOMINAL_STEP  # seconds until the keyframe after a target has vanished
BINS = 4  # per colour: coarse enough that motion and light leave a picture alike
COLOURS = BINS**3


def colour_histogram(thumbnail: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Part of the pixels in each of 4 x 4 x 4 colours; uint8 [H, W, 3] -> float64 [64]."""
    codes = colour_classes(thumbnail)
    return np.bincount(codes, minlength=COLOURS) / len(codes)


def colour_classes(thumbnail: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Which of 4 x 4 x 4 colours each pixel has; uint8 [H, W, 3] -> int64 [H * W]."""
    bins = (thumbnail // (256 // BINS)).reshape(-1, 3).astype(np.int64)
    return (bins[:, 0] * BINS + bins[:, 1]) * BINS + bins[:, 2]


class KeyframeSchedule:
    """Decides which frames language sees, by the seconds and frames since it last saw one.

    A target that has just vanished may be hidden for a moment only. Language then sees a frame
    again after 1/12 s, 1/6 s, 1/3 s, ..., until that is as rare as keyframes are anyway.

    Attributes:
        elapsed: seconds from the last language frame to the present frame; None before any.
        frames: frames from the last language frame to the present one.
        step: seconds from the last frame to the present one.
        retry: seconds after which language sees a frame because a target has vanished.
    """

    def __init__(self) -> None:
        self.step = NOMINAL_STEP
        self.reset()

    def reset(self) -> None:
        """Language sees the next frame; no target has vanished."""
        self.elapsed: float | None = None
        self.frames = 0
        self.retry = math.inf

    def advance(self, seconds: float) -> None:
        """A new frame has come, so many seconds after the last one."""
        self.step = seconds
        if self.elapsed is not None:
            self.elapsed += seconds
            self.frames += 1

    def due(self, interval: float, spacing: int = 1) -> bool:
        """Whether language has to see the present frame.

        Args:
            interval: seconds between keyframes.
            spacing: frames between keyframes at least.
        """
        if self.elapsed is None:
            return True
        regular = self.frames >= spacing and self.reached(interval)
        return regular or self.reached(self.retry)

    def reached(self, seconds: float) -> bool:
        """Whether the present frame is the nearest one to so long after the language frame, or
        later."""
        return self.elapsed is None or self.elapsed >= seconds - self.step / 2

    def overdue(self, interval: float, spacing: int = 1) -> float:
        """Seconds for which presence has waited for language, up to the present frame.

        Seconds in which no keyframe was due do not count: on those presence stands still. A
        language frame stands for one nominal frame at least.

        Args:
            interval: seconds between keyframes.
            spacing: frames between keyframes at least.
        """
        if self.elapsed is None:
            return self.step
        free = max(interval, (spacing - 1) * self.step)
        return max(self.elapsed - free, min(self.elapsed, NOMINAL_STEP))

    def language_ran(self, vanished: bool) -> None:
        """Language has seen the present frame; ``vanished``: a target was present before it and
        is not now."""
        self.elapsed, self.frames = 0.0, 0
        self.retry = RETRY if vanished else 2 * self.retry

    def state(self) -> dict[str, float | int | None]:
        """Plain data for :meth:`restore`."""
        retry = None if math.isinf(self.retry) else self.retry
        return {"elapsed": self.elapsed, "frames": self.frames, "retry": retry}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`. Raises KeyError, TypeError or ValueError for other data."""
        elapsed, retry = state["elapsed"], state["retry"]
        self.frames = int(state["frames"])
        self.elapsed = None if elapsed is None else float(elapsed)
        self.retry = math.inf if retry is None else float(retry)


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
