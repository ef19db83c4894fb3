"""Other things that an expression may mean on a frame, for "no, the other one"."""

from __future__ import annotations

import dataclasses
from numbers import Integral
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.errors import ConfigError
from car_video.models.numerics import in_standard_torch
from car_video.segment.mask_selection.overlaps import NESTED, half_masks
from car_video.segment.mask_selection.sam_prompts import Candidates, propose_candidates
from car_video.segment.resizing import enlarge
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Alternative, Frame, FramePrediction
from car_video.video.observation import encode_frames


@in_standard_torch
@torch.inference_mode()
def find_alternatives(
    image: ImageSegmenter, frame: Frame, prediction: FramePrediction, count: int
) -> tuple[tuple[Alternative, ...], ...]:
    """The best masks for each expression that are of other things than its own.

    Costs what a language frame costs. An expression that language rejects on this frame has
    none, and without a mask model no expression has.

    Args:
        image: the image algorithm with its expressions.
        frame: the frame.
        prediction: of it.
        count: at most so many for each expression.

    Returns:
        For each expression its alternatives, best first. Less than half
        (:data:`~car_video.segment.mask_selection.overlaps.NESTED`) of each lies in another one
        or in the expression's mask, so none is a part or the whole of the same thing.
    """
    queries = image.queries
    if image.sam is None or not count:
        return ((),) * len(queries.parts)
    (encoded,) = encode_frames(image, [frame])
    survivors = image.recur(encoded.image)
    assert survivors.evidence is not None
    pixels = encoded.image.pixels
    found = propose_candidates(
        image.sam,
        encoded.embedding,
        survivors.maps,
        survivors.evidence,
        (int(pixels.shape[-2]), int(pixels.shape[-1])),
        image.config.sam,
        survivors.cues,
        survivors.places,
        survivors.plural,
    )
    alive = survivors.alive.tolist()
    return tuple(
        _of_expression(
            found, [alive.index(q) for q in own if q in alive], prediction, row, count
        )
        for row, own in enumerate(queries.parts)
    )


def with_alternatives(
    image: ImageSegmenter, frame: Frame, prediction: FramePrediction, count: int
) -> FramePrediction:
    """The prediction with :attr:`~car_video.types.FramePrediction.alternatives`, if any are
    asked for."""
    if not count:
        return prediction
    found = find_alternatives(image, frame, prediction, count)
    return dataclasses.replace(prediction, extras={**prediction.extras, "alternatives": found})


def checked_count(value: Any) -> int:
    """How many alternatives are wanted. Raises ConfigError for no whole number from 0."""
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < 0:
        raise ConfigError(f"alternatives must be a whole number from 0, got {value!r}")
    return int(value)


def _of_expression(
    found: Candidates, rows: list[int], prediction: FramePrediction, number: int, count: int
) -> tuple[Alternative, ...]:
    """Alternatives of one expression, from the candidates of its queries (rows)."""
    valid = found.valid[rows].flatten()
    logits = found.logits[rows].flatten(0, 1)[valid]
    score = found.agreement[rows].flatten()[valid]
    own = torch.from_numpy(prediction.masks[number]).to(logits.device)
    grid = (int(logits.shape[-2]), int(logits.shape[-1]))
    own = F.interpolate(own[None, None].float(), grid, mode="area")[0, 0] - 0.5
    places = distinct(logits, score, own, count)
    size = (int(prediction.masks.shape[1]), int(prediction.masks.shape[2]))
    return tuple(
        Alternative(
            np.asarray((enlarge(logits[place][None].float(), size)[0] > 0).cpu().numpy()),
            float(score[place].clamp(0, 1)),
        )
        for place in places
    )


def distinct(logits: Tensor, score: Tensor, own: Tensor, count: int) -> list[int]:
    """Numbers of the best masks that are not empty, and of different things.

    Args:
        logits: [C, a, b].
        score: [C].
        own: [a, b] logits of the mask that no other may be like.
        count: at most so many.
    """
    masks = half_masks(torch.cat([own[None], logits.float()]))
    area = masks.sum(1)
    smaller = torch.minimum(area[:, None], area).clamp_min(1)
    same = masks @ masks.T >= NESTED * smaller
    chosen: list[int] = []
    for place in score.argsort(descending=True).tolist():
        taken = [0, *(one + 1 for one in chosen)]
        if bool(masks[place + 1].any()) and not bool(same[place + 1, taken].any()):
            chosen.append(place)
        if len(chosen) == count:
            break
    return chosen
