"""Presence over time: a smoothed score per expression, and two thresholds (hysteresis)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.video.config import PresenceConfig
from car_video.video.state import State, as_array, take


class PresenceFilter:
    """Whether each expression's target is here, frame by frame.

    Args:
        queries: how many expressions.
        threshold: a score at which a target that was away counts as here.
        config: see :class:`PresenceConfig`.
    """

    def __init__(self, queries: int, threshold: float, config: PresenceConfig) -> None:
        self.threshold, self.config = threshold, config
        self.scores: NDArray[np.float32] | None = None
        self.present = np.zeros(queries, bool)

    def reset(self) -> None:
        """Start anew, as after a cut."""
        self.scores = None
        self.present = np.zeros_like(self.present)

    def step(
        self, scores: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Smoothed scores float32 [Q] and presence bool [Q] of the next frame.

        Args:
            scores: [Q] in [0, 1].
        """
        if self.scores is None:
            self.scores = scores.astype(np.float32)
        else:
            part = self.config.smoothing
            self.scores = (part * self.scores + (1 - part) * scores).astype(np.float32)
        needed = np.where(self.present, self.config.stay, 1.0) * self.threshold
        self.present = self.scores >= needed
        return self.scores, self.present

    def state_dict(self) -> State:
        """``present`` bool [Q], and ``scores`` float32 [Q] once there was a frame."""
        state = {"present": torch.from_numpy(self.present)}
        if self.scores is not None:
            state["scores"] = torch.from_numpy(self.scores)
        return state

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        shape = self.present.shape
        present = as_array(take(state, "present", torch.bool, shape))
        scores = take(state, "scores", torch.float32, shape) if "scores" in state else None
        self.present, self.scores = present, None if scores is None else as_array(scores)


def smooth_presence(
    scores: NDArray[np.float32], threshold: float, config: PresenceConfig
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores and presence of a whole clip, smoothed from both sides.

    Args:
        scores: float32 [T, Q] of the frames by themselves.
        threshold: as for :class:`PresenceFilter`.
        config: see :class:`PresenceConfig`.

    Returns:
        float32 [T, Q], and bool [T, Q]: present if it is so coming from either side.
    """
    forward, backward = _passed(scores, config), _passed(scores[::-1], config)[::-1]
    smooth = ((forward + backward) / 2).astype(np.float32)
    present = np.zeros(scores.shape, bool)
    for order in (slice(None), slice(None, None, -1)):
        here = np.zeros(scores.shape[1], bool)
        for row, score in zip(present[order], smooth[order], strict=True):
            here = score >= np.where(here, config.stay, 1.0) * threshold
            row |= here
    return smooth, present


def _passed(scores: NDArray[np.float32], config: PresenceConfig) -> NDArray[np.float32]:
    filtered = PresenceFilter(scores.shape[1], 1.0, config)
    return np.stack([filtered.step(row)[0].copy() for row in scores])
