"""Presence over time: a smoothed score per expression, and two thresholds (hysteresis)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.config.video import PresenceConfig
from car_video.errors import ConfigError
from car_video.video.state.tensors import State, as_array, take

USUAL_AGREEMENT = 0.34
"""Agreement of a track that speaks neither for presence nor against it."""
AGREEMENT_POWER = 0.3
"""Power of the track's agreement in presence; that of language's score is one half."""


def track_presence(
    scores: NDArray[np.float32], agreement: NDArray[np.float32] | float = USUAL_AGREEMENT
) -> NDArray[np.float32]:
    """How sure language and a track together are that each target is present.

    In an empty scene language spreads over things that no single mask explains, so the
    agreement of the best mask tells presence as well. The exponents were chosen on the hard
    cases of ``tests/hard_cases`` (presence accuracy 0.88 by language alone, 0.90 together; 0.91
    at a usual agreement of 0.42, which calls the dancer of ref-davis-dev absent).

    Args:
        scores: float32 [Q] in [0, 1], of language.
        agreement: float32 [Q] in [0, 1], of each best track; 0 without a track. By default a
            track that says nothing, for frames on which nothing is tracked.

    Returns:
        float32 [Q] in [0, 1].
    """
    together = np.sqrt(scores) * (agreement / USUAL_AGREEMENT) ** AGREEMENT_POWER
    return np.minimum(together, 1).astype(np.float32)


def doubting(
    scores: NDArray[np.float32], present: NDArray[np.bool_], against: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What is shown of presence: float32 and bool [..., Q], absent where a track is doubted.

    Args:
        scores: float32 [..., Q].
        present: bool [..., Q].
        against: float32 [..., Q] log-odds against each track, below 0 where it is doubted.
    """
    return (scores * np.exp(against)).astype(np.float32), present & (against >= 0)


class PresenceFilter:
    """Whether each expression's target is in the frame, frame by frame.

    Args:
        queries: how many expressions.
        threshold: a target that was absent is present from this score on.
        config: see :class:`PresenceConfig`.
        assumed: every target is in the video at some time, so ``threshold`` is a part of the
            best score that it has had so far.

    Attributes:
        scores: float32 [Q], smoothed; None before the first frame.
        present: bool [Q].
        best: float32 [Q], the best smoothed score of each target in the video so far, scenes
            before this one included. Kept where presence is assumed.
    """

    def __init__(
        self, queries: int, threshold: float, config: PresenceConfig, assumed: bool = False
    ) -> None:
        self.threshold, self.config, self.assumed = threshold, config, assumed
        self.scores: NDArray[np.float32] | None = None
        self.present = np.zeros(queries, bool)
        self.best = np.zeros(queries, np.float32)

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """float32 [Q]: the score from which each target that was absent is present."""
        usual = self.best if self.assumed else np.ones_like(self.best)
        return np.asarray(self.threshold * usual, np.float32)

    @property
    def least(self) -> NDArray[np.float32]:
        """float32 [Q]: the score down to which each target that is present stays so."""
        return np.asarray(self.config.stay * self.thresholds, np.float32)

    def reset(self) -> None:
        """Start anew, as after a cut."""
        self.scores = None
        self.present = np.zeros_like(self.present)

    def select(self, places: Sequence[int]) -> None:
        """Other expressions from now on, see :mod:`car_video.video.state.selection`.

        New ones have no score (not a number) and are absent until their first frame.
        """
        numbers = np.array(places)
        self.present = self.present[numbers] & (numbers >= 0)
        self.best = np.where(numbers >= 0, self.best[numbers], np.float32(0))
        if self.scores is not None:
            blank = np.float32(np.nan)
            self.scores = np.where(numbers >= 0, self.scores[numbers], blank)

    def step(
        self, scores: NDArray[np.float32], seconds: float
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Smoothed scores float32 [Q] and presence bool [Q] of the next frame.

        Args:
            scores: [Q] in [0, 1].
            seconds: since the last frame.
        """
        if self.scores is None:
            self.scores = scores.astype(np.float32)
        else:
            past = np.where(np.isnan(self.scores), scores, self.scores)
            part = past_weight(seconds, self.config)
            self.scores = (part * past + (1 - part) * scores).astype(np.float32)
        self.best = np.maximum(self.best, self.scores)
        self.present = self.scores >= np.where(self.present, self.least, self.thresholds)
        return self.scores, self.present

    def state_dict(self) -> State:
        """``present`` bool [Q], ``scores`` float32 [Q] once there was a frame, and ``best``
        float32 [Q] where presence is assumed."""
        state = {"present": torch.from_numpy(self.present)}
        if self.assumed:
            state["best"] = torch.from_numpy(self.best)
        if self.scores is not None:
            state["scores"] = torch.from_numpy(self.scores)
        return state

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        shape = self.present.shape
        present = as_array(take(state, "present", torch.bool, shape))
        scores = take(state, "scores", torch.float32, shape) if "scores" in state else None
        if ("best" in state) != self.assumed:
            raise ConfigError("the state is of a run with another assume_present")
        if self.assumed:
            self.best = as_array(take(state, "best", torch.float32, shape))
        self.present, self.scores = present, None if scores is None else as_array(scores)


def past_weight(seconds: float, config: PresenceConfig) -> float:
    """Part of the smoothed score that comes from the past, after so many seconds."""
    return math.exp(-seconds / config.time_constant) if config.time_constant > 0 else 0.0


def smooth_presence(
    scores: NDArray[np.float32],
    seconds: Sequence[float],
    threshold: float | NDArray[np.float32],
    config: PresenceConfig,
    before: tuple[NDArray[np.float32] | None, NDArray[np.bool_]] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores and presence of a whole clip, smoothed from both ends.

    Args:
        scores: float32 [T, Q] of the single frames.
        seconds: from the frame before to each of the T frames.
        threshold: as for :class:`PresenceFilter`; one for all or float32 [Q].
        config: see :class:`PresenceConfig`.
        before: smoothed scores and presence of the frame before the clip, [Q] each.

    Returns:
        float32 [T, Q], the means of both directions; and bool [T, Q], present where hysteresis
        from either end says so.
    """
    past, there = before if before is not None else (None, np.zeros(scores.shape[1], bool))
    forward = _smoothed(scores, seconds, config, past)
    # Backwards the way to frame t is that from t to t + 1.
    back = [*seconds[1:], seconds[0]] if len(seconds) else []
    backward = _smoothed(scores[::-1], back[::-1], config)[::-1]
    smooth = ((forward + backward) / 2).astype(np.float32)
    present = np.zeros(scores.shape, bool)
    for order, state in ((slice(None), there), (slice(None, None, -1), np.zeros_like(there))):
        for row, score in zip(present[order], smooth[order], strict=True):
            state = score >= np.where(state, config.stay, 1.0) * threshold
            row |= state
    return smooth, present


def _smoothed(
    scores: NDArray[np.float32],
    seconds: Sequence[float],
    config: PresenceConfig,
    past: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    presence = PresenceFilter(scores.shape[1], 1.0, config)
    presence.scores = past
    steps = zip(scores, seconds, strict=True)
    return np.stack([presence.step(row, passed)[0].copy() for row, passed in steps])
