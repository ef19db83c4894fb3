"""SAM candidates for proposals: prompts at the peaks and boxes of a detector, the choice by
agreement with the map."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.models.sam.base import MaskEmbedding, MaskModel, crop_logits
from car_video.segment.boxes import boxes_of
from car_video.segment.cues.detections import DetectionCue
from car_video.segment.cues.instances import SEPARATE
from car_video.segment.cues.mask_cues import MaskCues
from car_video.segment.cues.place_ranking import place_agreement
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.segment.mask_selection.candidates import (
    PROMPTS_AT_ONCE,
    peaks,
    soft_iou,
    stability,
)
from car_video.segment.proposals.filling import EVEN

SAME_IOU = 0.5
"""IoU with the chosen mask from which an answer to its box is of the same thing."""
ANSWERS = 3
"""Masks that SAM answers a prompt with: a part, an object and a whole."""
EMPTY_LOGIT = -32.0
"""Logit of every cell of a padding mask; its sigmoid is 0 in float32 sums."""


@dataclass(frozen=True)
class Candidates:
    """Masks that SAM answers for each query.

    Attributes:
        logits: [Q, M, a, b] on SAM's output grid, without padding.
        valid: bool [Q, M]: False for padding.
        agreement: [Q, M]: agreement with the query's map, cues and places; -1 for padding.
        place_factor: [Q, M]: factor of the agreement that comes from places, 0 for padding;
            None where no query has places.
        count_probability: [Q] in [0, 1]: how probable it is that there are as many things as
            places count; None where no query has places.
    """

    logits: Tensor
    valid: Tensor
    agreement: Tensor
    place_factor: Tensor | None = None
    count_probability: Tensor | None = None


def propose_candidates(
    sam: MaskModel,
    embedding: MaskEmbedding,
    maps: Tensor,
    evidence: Tensor,
    size: tuple[int, int],
    config: SamRefineConfig,
    cues: MaskCues | None = None,
    places: PlaceTensors | None = None,
    plural: Tensor | None = None,
) -> Candidates:
    """Prompt SAM at the peaks of every map, all queries in one batch, and with boxes of a
    detector where there are any.

    Args:
        sam: the promptable model.
        embedding: of the frame.
        maps: [Q, h, w] in [0, 1], 1 at their maximum; their peaks are prompted.
        evidence: [Q, h, w] in [0, 1], the maps before the affinity spread them. Masks are
            compared with the geometric mean of both: the spread map has the extent of the
            thing, the evidence the cells that match the text (chosen on ref-davis-dev and
            refcoco-dev together: 0.762 -> 0.779 and 0.371 -> 0.405 IoU against the spread map
            alone).
        size: (H, W) of the frame in pixels, which prompts are given in.
        config: see :class:`SamRefineConfig`.
        cues: what else speaks for masks of the queries in this picture.
        places: words of place of the queries; they rank the candidates as instances.
        plural: bool [Q]: queries whose masks may be joined, see :func:`with_unions`.
    """
    count, rows, columns = maps.shape
    peak_cells, valid = peaks(maps, config.points, config.peak_distance, config.peak_floor)
    cell = torch.tensor([size[1] / columns, size[0] / rows], device=maps.device)
    points = (peak_cells.flip(-1) + 0.5) * cell
    prompted = valid.flatten().nonzero()[:, 0]
    logits = maps.new_full((count * config.points, ANSWERS, *embedding.grid), EMPTY_LOGIT)
    quality = maps.new_zeros(count * config.points, ANSWERS)
    if len(prompted):
        prompts = points.flatten(0, 1)[prompted]
        labels = torch.ones(len(prompted), 1, dtype=torch.int64, device=maps.device)
        for part in torch.arange(len(prompted), device=maps.device).split(PROMPTS_AT_ONCE):
            answer, iou = sam.predict(embedding, prompts[part, None], labels[part])
            logits[prompted[part]] = crop_logits(answer, embedding)
            quality[prompted[part]] = iou.to(quality.dtype)
    logits = logits.unflatten(0, (count, config.points)).flatten(1, 2)
    quality = quality.unflatten(0, (count, config.points)).flatten(1, 2)
    valid = valid[..., None].expand(-1, -1, ANSWERS).flatten(1)
    if cues is not None and cues.detections is not None:
        more = box_candidates(sam, embedding, cues.detections)
        logits, quality, valid = (
            torch.cat(both, 1) for both in zip((logits, quality, valid), more, strict=True)
        )
    fills = torch.minimum(maps, evidence).flatten(1).amin(1) > EVEN
    if bool(fills.any()):
        whole = whole_picture(fills, logits)
        logits, quality, valid = (
            torch.cat(both, 1) for both in zip((logits, quality, valid), whole, strict=True)
        )
    agreement = map_agreement(logits, maps, evidence, cues)
    agreement = torch.where(valid, agreement, -1.0)
    found = Candidates(logits, valid, agreement)
    if places is not None:
        placed, count_probability = place_agreement(logits, agreement, quality, places)
        factor = torch.where(agreement > 0, placed / agreement, 0.0)
        found = Candidates(logits, valid, placed, factor, count_probability)
    if plural is None or config.plural_masks == 0:
        return found
    return with_unions(found, maps, evidence, plural, config.plural_masks, cues)


def box_candidates(
    sam: MaskModel, embedding: MaskEmbedding, detections: DetectionCue
) -> tuple[Tensor, Tensor, Tensor]:
    """SAM's answers to the boxes of a detector.

    Returns:
        For Q queries and M masks each, three a box: logits [Q, M, a, b], SAM's own guess of
        their IoU [Q, M], and bool [Q, M] that is False for padding.
    """
    count, most = detections.scores.shape
    boxes = detections.boxes.flatten(0, 1)
    logits = boxes.new_full((len(boxes), ANSWERS, *embedding.grid), EMPTY_LOGIT)
    quality = boxes.new_zeros(len(boxes), ANSWERS)
    for part in detections.valid.flatten().nonzero()[:, 0].split(PROMPTS_AT_ONCE):
        answer, iou = sam.predict(embedding, boxes=boxes[part])
        logits[part], quality[part] = crop_logits(answer, embedding), iou.to(quality.dtype)
    valid = detections.valid[..., None].expand(-1, -1, ANSWERS).flatten(1)
    shape = (count, most)
    return (
        logits.unflatten(0, shape).flatten(1, 2),
        quality.unflatten(0, shape).flatten(1, 2),
        valid,
    )


def whole_picture(fills: Tensor, answers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The whole picture as a mask. SAM looks for what has a border and does not answer with it.

    Args:
        fills: bool [Q]: queries of which no cell is less probable than not.
        answers: [Q, M, a, b], SAM's logits.

    Returns:
        As :func:`box_candidates`, one mask each, which is padding where ``fills`` is False.
    """
    height = torch.where(fills, -EMPTY_LOGIT, EMPTY_LOGIT).to(answers.dtype)
    logits = height[:, None, None, None].expand(-1, 1, *answers.shape[-2:])
    return logits, torch.ones_like(logits[..., 0, 0]), fills[:, None]


def with_unions(
    candidates: Candidates,
    maps: Tensor,
    evidence: Tensor,
    plural: Tensor,
    most: int,
    cues: MaskCues | None = None,
) -> Candidates:
    """The candidates, and a union of them as one more candidate of plural queries.

    SAM answers a point with one thing. The best candidate is joined by the one that is separate
    from it and gives the best agreement, that union by another, and so on while the agreement
    grows. Measured on COCO's groups of two to five ("the zebras", "two zebras"; see
    docs/benchmarks.md).

    Args:
        candidates: of Q queries.
        maps: [Q, h, w], as in :func:`propose_candidates`.
        evidence: [Q, h, w].
        plural: bool [Q]: queries that name several things.
        most: masks that may join the best one.
        cues: of the Q queries.

    Returns:
        Candidates with one column more: the largest union, where there is one.
    """
    rows = plural.nonzero()[:, 0]
    parts = candidates.logits[rows]
    masks = (parts > 0).flatten(2).float()
    area = masks.sum(2)
    own_cues = None if cues is None else cues[rows]
    union, value = best_candidates(_rows(candidates, rows))
    grew = torch.zeros_like(rows, dtype=torch.bool)
    for _ in range(most):
        whole = (union > 0).flatten(1).float()
        smaller = torch.minimum(area, whole.sum(1)[:, None])
        separate = (masks @ whole[..., None])[..., 0] < SEPARATE * smaller
        unions = torch.maximum(parts, union[:, None])
        agreement = map_agreement(unions, maps[rows], evidence[rows], own_cues)
        agreement = torch.where(separate & candidates.valid[rows], agreement, -1.0)
        gained, best = agreement.max(1)
        better = gained > value
        if not bool(better.any()):
            break
        grown = unions[torch.arange(len(rows), device=rows.device), best]
        union = torch.where(better[:, None, None], grown, union)
        value = torch.where(better, gained, value)
        grew |= better
    logits = torch.full_like(candidates.logits[:, :1], EMPTY_LOGIT)
    agreement = torch.full_like(candidates.agreement[:, :1], -1.0)
    logits[rows[grew], 0] = union[grew]
    agreement[rows[grew], 0] = value[grew]
    factor = candidates.place_factor
    if factor is not None:
        factor = torch.cat([factor, torch.zeros_like(agreement)], 1)
    return Candidates(
        torch.cat([candidates.logits, logits], 1),
        torch.cat([candidates.valid, agreement >= 0], 1),
        torch.cat([candidates.agreement, agreement], 1),
        factor,
        candidates.count_probability,
    )


def _rows(candidates: Candidates, rows: Tensor) -> Candidates:
    """The candidates of some queries, for :func:`best_candidates`."""
    return Candidates(
        candidates.logits[rows], candidates.valid[rows], candidates.agreement[rows]
    )


def box_pass(
    sam: MaskModel,
    embedding: MaskEmbedding,
    chosen: Tensor,
    maps: Tensor,
    evidence: Tensor,
    size: tuple[int, int],
    cues: MaskCues | None = None,
) -> Tensor:
    """Prompt SAM with the boxes of the chosen masks; keep its answers where they agree better.

    A point does not say how large the thing is, a box does. Answers that are another thing (IoU
    with the chosen mask below :data:`SAME_IOU`) are left out: places may have chosen one of
    several equal things, and the map shows all of them. Measured: docs/benchmarks.md, "Which
    masks a map becomes".

    Args:
        chosen: [Q, a, b] logits; the other arguments are those of
            :func:`propose_candidates`.

    Returns:
        logits [Q, a, b].
    """
    held = (chosen > 0).flatten(1).any(1).nonzero()[:, 0]
    if not len(held):
        return chosen
    answers = chosen[:, None].repeat(1, 1 + ANSWERS, 1, 1)
    for part in held.split(PROMPTS_AT_ONCE):
        answer, _ = sam.predict(embedding, boxes=boxes_of(chosen[part] > 0, size))
        answers[part, 1:] = crop_logits(answer, embedding)
    flat = (answers > 0).flatten(2).float()
    shared = (flat * flat[:, :1]).sum(2)
    same = shared >= SAME_IOU * (flat.sum(2) + flat[:, :1].sum(2) - shared)
    agreement = map_agreement(answers, maps, evidence, cues)
    best = torch.where(same, agreement, -1.0).argmax(1)
    return answers[torch.arange(len(best), device=best.device), best]


def map_agreement(
    logits: Tensor, maps: Tensor, evidence: Tensor, cues: MaskCues | None = None
) -> Tensor:
    """Agreement of masks with the proposals of their queries, and with their cues.

    Args:
        logits: [Q, M, a, b].
        maps: [Q, h, w].
        evidence: [Q, h, w], see :func:`propose_candidates`.
        cues: of the Q queries.

    Returns:
        [Q, M] in [0, 1].
    """
    # A mask that changes much with its threshold is a checkerboard, not an object.
    agreement = map_overlap(logits, maps, evidence) * stability(logits)
    return agreement if cues is None else agreement * cues.match(logits)


def map_overlap(logits: Tensor, maps: Tensor, evidence: Tensor) -> Tensor:
    """The part of :func:`map_agreement` that the maps have: soft IoU, [Q, M] in [0, 1]."""
    grid = (int(maps.shape[-2]), int(maps.shape[-1]))
    masks = F.adaptive_avg_pool2d((logits > 0).float(), grid)
    return soft_iou(masks, (maps * evidence).sqrt())


def best_candidates(candidates: Candidates) -> tuple[Tensor, Tensor]:
    """The candidate with the best agreement of each query.

    Returns:
        logits [Q, a, b] and agreement [Q].
    """
    best = candidates.agreement.argmax(1)
    rows = torch.arange(len(best), device=best.device)
    return candidates.logits[rows, best], candidates.agreement[rows, best].clamp_min(0)
