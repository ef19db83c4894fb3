"""Mean, recall and decay of per-frame scores (Perazzi et al., CVPR 2016, section 4)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

RECALL_THRESHOLD = 0.5
DECAY_BINS = 4


class Statistics(NamedTuple):
    """What DAVIS reports of one measure over the frames of one object.

    Attributes:
        mean: average over frames.
        recall: share of frames with a score above 0.5.
        decay: average of the first quarter minus average of the last quarter.
    """

    mean: float
    recall: float
    decay: float


def frame_statistics(values: ArrayLike) -> Statistics:
    """Mean, recall and decay of float [T] scores in time order.

    Quarters share their border frames, as in the DAVIS 2017 evaluation. Scores that are NaN are
    left out of the mean and the decay and count as failures in the recall. Unlike the official
    code, which keeps frame numbers in 8 bits, the decay is right beyond 256 frames.

    Raises:
        ValueError: there is no score.
    """
    scores = np.asarray(values, np.float64)
    if scores.ndim != 1 or not scores.size:
        raise ValueError(f"want at least one score per frame [T], got shape {scores.shape}")
    edges = np.round(np.linspace(1, len(scores), DECAY_BINS + 1) + 1e-10).astype(np.int64) - 1
    first, last = scores[: edges[1] + 1], scores[edges[-2] :]
    return Statistics(
        mean=_nanmean(scores),
        recall=float(np.mean(scores > RECALL_THRESHOLD)),
        decay=_nanmean(first) - _nanmean(last),
    )


def _nanmean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.mean(known)) if known.size else float("nan")
