"""Presence over time: a smoothed score per expression, and two thresholds (hysteresis)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.config.video import PresenceConfig
from car_video.video.state.tensors import State, as_array, take

USUAL_AGREEMENT = 0.34
"""Agreement of a track that neither speaks for presence nor against it."""


def track_presence(
    scores: NDArray[np.float32], agreement: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How sure it is that targets are here, of language and track together.

    What language finds in an empty scene is spread over things that no one mask explains. The
    exponents were chosen on the hard cases of ``tests/hard_cases`` (presence accuracy 0.88 by
    language alone, 0.90 together; 0.91 at a usual agreement of 0.42, which calls the dancer of
    ref-davis-dev absent).

    Args:
        scores: float32 [Q] in [0, 1], of language.
        agreement: float32 [Q] in [0, 1], of each best track; 0 without a track.

    Returns:
        float32 [Q] in [0, 1].
    """
    together = np.sqrt(scores) * (agreement / USUAL_AGREEMENT) ** 0.3
    return np.minimum(together, 1).astype(np.float32)


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

    @property
    def least(self) -> float:
        """The score down to which a target that is here stays."""
        return self.config.stay * self.threshold

    def reset(self) -> None:
        """Start anew, as after a cut."""
        self.scores = None
        self.present = np.zeros_like(self.present)

    def select(self, rows: Sequence[int]) -> None:
        """Other expressions from now on, see :mod:`car_video.video.state.rows`.

        New ones have no score (not a number) and are not here until their first frame.
        """
        numbers = np.array(rows)
        self.present = self.present[numbers] & (numbers >= 0)
        if self.scores is not None:
            blank = np.float32(np.nan)
            self.scores = np.where(numbers >= 0, self.scores[numbers], blank)

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
            past = np.where(np.isnan(self.scores), scores, self.scores)
            self.scores = (part * past + (1 - part) * scores).astype(np.float32)
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
