"""What predictions of a sequence must hold, and the values that their records may have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .videos import Video

LabelMaps = NDArray[np.uint8]
"""uint8 [T, H, W]: an object's id for each pixel of each frame, 0 for none."""

Record = Mapping[str, Any]

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a record of the wrong form raises."""


@dataclass(frozen=True)
class Place:
    """Whose predictions are wanted: an annotator's; ``sole`` if no other is scored."""

    annotator: str
    sole: bool


@dataclass(frozen=True)
class Wanted:
    """What a sequence must hold.

    Attributes:
        video: frames in order.
        size: height and width of the ground truth.
        objects: ids of the annotation, ascending.
        expressions: one per object.
        any_ids: ids need not be those of the annotation (unsupervised task).
    """

    video: Video
    size: tuple[int, int]
    objects: tuple[int, ...]
    expressions: tuple[str, ...]
    any_ids: bool = False


@dataclass(frozen=True)
class ScoredMask:
    """bool [H, W] of an object with its score."""

    identity: int
    mask: NDArray[np.bool_]
    score: float


def label_map(masks: Sequence[ScoredMask], size: tuple[int, int]) -> NDArray[np.uint8]:
    """uint8 [H, W]: a pixel goes to the mask with the higher score, then to the lower id."""
    labels = np.zeros(size, np.uint8)
    for item in sorted(masks, key=lambda item: (-item.score, item.identity)):
        labels[item.mask & (labels == 0)] = item.identity
    return labels


def score_of(entry: Record) -> float:
    """The score of a record, 1 where it has none.

    Raises:
        ValueError: not a finite number (one that is not would win or lose every pixel).
    """
    if isinstance(entry.get("score"), bool):
        raise ValueError(f"score {entry['score']} is no number")
    score = float(entry.get("score", 1.0))
    if not math.isfinite(score):
        raise ValueError(f"score {score} is not finite")
    return score


def whole(value: object) -> int:
    """A whole number of a record; a text of digits will do, 1.5 and true will not.

    Raises:
        ValueError, TypeError: something else.
    """
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)  # type: ignore[call-overload]
