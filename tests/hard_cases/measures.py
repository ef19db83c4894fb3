"""Measures on the frames of one clip: presence, J, identity, recovery; pure functions."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Owner = Literal["named", "other", "neither"]

HERE, HIDDEN, UNCLEAR = 1, 0, -1
VISIBLE_FROM = 0.3
HIDDEN_BELOW = 0.02
LEAST_PART = 0.001
RECOVERED_AT = 0.5


def presence_labels(visibility: NDArray[np.float64], area: NDArray[np.float64]) -> NDArray:
    """int8 labels: HERE, HIDDEN or UNCLEAR.

    A target is here when at least 0.3 of it is visible and that is at least 0.001 of the frame
    (a square of 20 pixels at 480p); it is hidden when less than 0.02 of it is visible. In
    between people would argue: such frames are left out of presence and J.

    Args:
        visibility: visible part of the whole target in [0, 1], any shape.
        area: visible part of the frame in [0, 1], same shape.
    """
    here = (visibility >= VISIBLE_FROM) & (area >= LEAST_PART)
    hidden = visibility < HIDDEN_BELOW
    return np.where(here, HERE, np.where(hidden, HIDDEN, UNCLEAR)).astype(np.int8)


def presence_accuracy(present: Bools, labels: NDArray[np.int8]) -> float:
    """Part of the clear frames whose presence is right; NaN if no frame is clear."""
    clear = labels != UNCLEAR
    return float(np.mean(present[clear] == (labels[clear] == HERE))) if clear.any() else np.nan


def jaccard(mask: Bools, truth: Bools) -> float:
    """Intersection over union of two masks; 1 where both are empty."""
    union = np.count_nonzero(mask | truth)
    return np.count_nonzero(mask & truth) / union if union else 1.0


def touching(mask: Bools, other: Bools) -> bool:
    """Whether two objects are in contact: their boxes meet, or one of them is not visible."""
    if not mask.any() or not other.any():
        return True
    for axis in (0, 1):
        a, b = np.flatnonzero(mask.any(axis)), np.flatnonzero(other.any(axis))
        if a[-1] < b[0] or b[-1] < a[0]:
            return False
    return True


def owner_of(named: NDArray[np.float64], other: NDArray[np.float64]) -> Owner:
    """Whose mask it is over some frames: the one that it covers more of in most of them.

    Args:
        named, other: [T]: part of the object's visible pixels that the mask covers. A frame
            where it covers less than 0.1 of either speaks for neither.
    """
    clear = np.maximum(named, other) >= 0.1
    votes = np.count_nonzero(clear & (named > other)), np.count_nonzero(clear & (other > named))
    if 2 * votes[0] > len(named):
        return "named"
    return "other" if 2 * votes[1] > len(named) else "neither"


def crossing(
    contact: Bools, named: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[Owner, Owner] | None:
    """Whose mask it was before the first contact and after the last; None without a crossing.

    Args:
        contact: bool [T], see :func:`touching`.
        named, other: see :func:`owner_of`.
    """
    frames = np.flatnonzero(contact)
    if not frames.size or frames[0] == 0 or frames[-1] == len(contact) - 1:
        return None
    before, after = slice(0, frames[0]), slice(frames[-1] + 1, None)
    return owner_of(named[before], other[before]), owner_of(named[after], other[after])


def recovery_delays(labels: NDArray[np.int8], found: Bools) -> list[int]:
    """Frames from each return of a target until it is found.

    A return is the first frame HERE after a frame HIDDEN. A target that is not found before it
    is hidden again counts with the length of its whole stay.

    Args:
        labels: int8 [T].
        found: bool [T]: said to be present, with J of at least 0.5.
    """
    delays, seen, start = [], UNCLEAR, None
    for frame, label in enumerate(labels):
        if label == HERE and seen == HIDDEN:
            start = frame
        if label == HIDDEN and start is not None:
            delays.append(frame - start)
            start = None
        if start is not None and found[frame]:
            delays.append(frame - start)
            start = None
        seen = label if label != UNCLEAR else seen
    return delays if start is None else [*delays, len(labels) - start]
