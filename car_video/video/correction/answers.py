"""Answers for one expression on one frame, and how they are put into predictions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco
from scipy import ndimage

from car_video.io.rle import decode_rle
from car_video.segment.mask_selection.overlaps import NESTED, SAME_IOU
from car_video.types import FramePrediction

MASK_CELLS = 256
"""Cells of the longer side of SAM's output, at the side it was trained on."""


@dataclass(frozen=True)
class Answer:
    """A mask of one expression on one frame.

    Attributes:
        mask: bool [H, W]; all False where the target is absent.
        score: in [0, 1].
        by_hand: a person has said so of this very frame.
    """

    mask: NDArray[np.bool_]
    score: float
    by_hand: bool = False

    @classmethod
    def of(cls, prediction: FramePrediction, query: int) -> Answer:
        """What a prediction says of an expression."""
        return cls(prediction.masks[query], float(prediction.scores[query]))

    def packed(self) -> PackedAnswer:
        """The same in little memory."""
        code = coco.encode(np.asfortranarray(self.mask, np.uint8))
        return PackedAnswer(code, self.score, self.by_hand)


@dataclass(frozen=True)
class PackedAnswer:
    """An :class:`Answer` whose mask is a run-length code."""

    code: Mapping[str, object]
    score: float
    by_hand: bool

    def unpacked(self) -> Answer:
        """The answer again."""
        return Answer(decode_rle(self.code), self.score, self.by_hand)


def mask_iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """IoU of two masks; 1 where both are empty."""
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else 1.0


def same_thing(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Whether two masks bool [H, W] are of one thing, of which a part may be missing.

    At least half (:data:`~car_video.segment.mask_selection.overlaps.NESTED`) of one of them
    lies in the other.
    """
    smaller = min(np.count_nonzero(one), np.count_nonzero(other))
    return bool(smaller and np.count_nonzero(one & other) >= NESTED * smaller)


def agreement(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """IoU of two masks without what lies at their borders; 1 where nothing else is left.

    Nothing is finer than a cell of the mask model's output, of which the longer side has
    :data:`MASK_CELLS`: pixels within a cell of either border tell two masks of one thing not
    apart, and a small thing is little else.
    """
    if not one.any() or not other.any():
        return float(one.any() == other.any())
    width = border_width(one)
    rows, columns = (np.flatnonzero((one | other).any(axis)) for axis in (1, 0))
    part = (
        slice(max(0, rows[0] - width - 1), rows[-1] + width + 2),
        slice(max(0, columns[0] - width - 1), columns[-1] + width + 2),
    )
    one, other = one[part], other[part]
    sure = ~(border(one, width) | border(other, width))
    union = np.count_nonzero((one | other) & sure)
    if not union:
        return float((one & other).any())
    return np.count_nonzero(one & other & sure) / union


def border_width(mask: NDArray[np.bool_]) -> int:
    """Pixels of a mask [H, W] that a cell of the mask model's output has."""
    return -(-max(mask.shape) // MASK_CELLS)


def border(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Pixels within ``width`` of the border of a mask, on both of its sides."""
    grown = ndimage.binary_dilation(mask, iterations=width)
    return np.asarray(grown & ~ndimage.binary_erosion(mask, iterations=width, border_value=1))


def with_answers(
    prediction: FramePrediction, answers: Mapping[int, Answer], exclusive: bool
) -> FramePrediction:
    """The prediction with other answers for some expressions.

    Args:
        prediction: of the frame.
        answers: by number of the expression.
        exclusive: masks share no pixel, unless they are of one thing (IoU above ``SAME_IOU``).
            What a person has given takes its pixels from everything else, what was followed
            from there takes them from expressions without a new answer.
    """
    masks, scores = prediction.masks.copy(), prediction.scores.copy()
    for query, answer in answers.items():
        masks[query], scores[query] = answer.mask, answer.score
    for query, answer in answers.items() if exclusive else ():
        for other in range(len(masks)):
            theirs = answers.get(other)
            yields = theirs is None or (answer.by_hand and not theirs.by_hand)
            if other == query or not yields:
                continue
            if answer.by_hand or mask_iou(masks[other], masks[query]) <= SAME_IOU:
                masks[other] &= ~masks[query]
    present = np.asarray(masks.any((1, 2)), bool)
    extras = {k: v for k, v in prediction.extras.items() if k != "alternatives"}
    return dataclasses.replace(
        prediction, masks=masks, scores=scores, present=present, extras=extras
    )
