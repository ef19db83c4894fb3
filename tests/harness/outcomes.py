"""What the pipeline says of a picture, and how far two models' answers are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from car_video import ImageSegmenter
from car_video.config import SegmentConfig
from car_video.models.sam.base import MaskModel


@dataclass(frozen=True)
class Outcome:
    """Of one picture and one expression, asked alone.

    Attributes:
        proposal: float32 [h, w] in [0, 1].
        score: of presence.
        mask: bool [H, W], whether it is present or not.
    """

    proposal: NDArray[np.float32]
    score: float
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class Distance:
    """Between two lists of outcomes.

    Attributes:
        proposal: mean soft IoU of the proposals.
        score: largest difference of the scores of presence.
        mask: IoU of the masks, one by one.
    """

    proposal: float
    score: float
    mask: tuple[float, ...]


def outcomes(
    model: Any,
    sam: MaskModel,
    pictures: Sequence[NDArray[np.uint8]],
    expressions: Sequence[str],
) -> list[Outcome]:
    """Every expression alone on every picture; nothing is rejected, so that masks compare."""
    config = SegmentConfig(presence_threshold=0.0)
    found = []
    for expression in expressions:
        segmenter = ImageSegmenter(model, [expression], config, sam)
        for picture in pictures:
            encoded = segmenter.encode(picture)
            with torch.inference_mode():
                survivors = segmenter.recur(encoded)
            prediction = segmenter.segment_encoded(encoded)
            proposal = survivors.maps[0].float().numpy()
            found.append(Outcome(proposal, float(prediction.scores[0]), prediction.masks[0]))
    return found


def distance(first: Sequence[Outcome], second: Sequence[Outcome]) -> Distance:
    """How far the outcomes of one model are from those of another, pair by pair."""
    pairs = list(zip(first, second, strict=True))
    proposals = [
        np.minimum(a.proposal, b.proposal).sum() / np.maximum(a.proposal, b.proposal).sum()
        for a, b in pairs
    ]
    masks = tuple(
        float((a.mask & b.mask).sum() / max(1, (a.mask | b.mask).sum())) for a, b in pairs
    )
    score = max(abs(a.score - b.score) for a, b in pairs)
    return Distance(float(np.mean(proposals)), score, masks)
