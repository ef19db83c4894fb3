"""SAM candidates for proposals: prompt at the peaks, keep the mask that agrees with the map."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.models.sam.base import MaskEmbedding, MaskModel, crop_logits
from car_video.segment.cues.colour import ColourCue
from car_video.segment.cues.geometry import APART, place_agreement
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.segment.mask_selection.candidates import boxes_of, peaks, soft_iou, stability

PROMPTS_AT_ONCE = 64
"""The decoder needs about 16 MB a prompt; a label space of 80 names asks for 640 masks, which
took 12 GB at once."""

SAME = 0.5  # IoU with the chosen mask from which an answer is of the same thing


@dataclass(frozen=True)
class Candidates:
    """Masks that SAM offers for each query.

    Attributes:
        logits: [Q, M, a, b] on SAM's output grid, without padding.
        valid: bool [Q, M]: padding is False.
        agreement: [Q, M] soft IoU with the query's map, and with its places; -1 for padding.
        place_factor: [Q, M] what of it comes from places, 0 where there is no mask; None where
            no query has any.
        count_probability: [Q] how probable it is that there are as many things as places
            count; None where no query has any.
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
    colours: ColourCue | None = None,
    places: PlaceTensors | None = None,
    plural: Tensor | None = None,
) -> Candidates:
    """Ask SAM at the peaks of every map, all queries in one batch.

    Args:
        sam: the promptable model.
        embedding: of the frame.
        maps: [Q, h, w] in [0, 1], stretched to 1 at their maximum: where to ask.
        evidence: [Q, h, w] in [0, 1], the maps before they were spread. Masks are compared
            with the geometric mean of both: the spread map knows the extent, the evidence
            which cells really looked like the text (chosen on ref-davis-dev and refcoco-dev
            together: 0.762 -> 0.779 and 0.371 -> 0.405 IoU against the spread map alone).
        size: (H, W) of the frame, pixels that prompts are in.
        config: see :class:`SamRefineConfig`.
        colours: that the queries ask for, if any, in this picture.
        places: words of place of the queries, if any: candidates are ranked as instances.
        plural: bool [Q]: whose masks may be joined, see :func:`joined`; None: nobody's.
    """
    count, rows, columns = maps.shape
    peak_cells, valid = peaks(maps, config.points, config.peak_distance, config.peak_floor)
    cell = torch.tensor([size[1] / columns, size[0] / rows], device=maps.device)
    points = (peak_cells.flip(-1) + 0.5) * cell
    asked = valid.flatten().nonzero()[:, 0]
    logits = maps.new_full((count * config.points, 3, *embedding.grid), -32.0)
    quality = maps.new_zeros(count * config.points, 3)
    if len(asked):
        prompts = points.flatten(0, 1)[asked]
        labels = torch.ones(len(asked), 1, dtype=torch.int64, device=maps.device)
        for part in torch.arange(len(asked), device=maps.device).split(PROMPTS_AT_ONCE):
            answer, own = sam.predict(embedding, prompts[part, None], labels[part])
            logits[asked[part]] = crop_logits(answer, embedding)
            quality[asked[part]] = own.to(quality.dtype)
    logits = logits.unflatten(0, (count, config.points)).flatten(1, 2)
    valid = valid[..., None].expand(-1, -1, 3).flatten(1)
    agreement = map_agreement(logits, maps, evidence, colours)
    agreement = torch.where(valid, agreement, -1.0)
    found = Candidates(logits, valid, agreement)
    if places is not None:
        quality = quality.unflatten(0, (count, config.points)).flatten(1, 2)
        placed, count_probability = place_agreement(logits, agreement, quality, places)
        factor = torch.where(agreement > 0, placed / agreement, 0.0)
        found = Candidates(logits, valid, placed, factor, count_probability)
    if plural is None or config.plural_masks == 0:
        return found
    return joined(found, maps, evidence, plural, config.plural_masks, colours)


def joined(
    candidates: Candidates,
    maps: Tensor,
    evidence: Tensor,
    plural: Tensor,
    most: int,
    colours: ColourCue | None = None,
) -> Candidates:
    """With a union of masks as a further candidate, for who names plural things.

    SAM answers a point with one thing. The best candidate is joined by the one that lies apart
    from it and makes the agreement best, that union by another, and so on while it grows.
    Measured on COCO's groups of two to five ("the zebras", "two zebras"; docs/benchmarks.md).

    Args:
        candidates: of Q queries.
        maps: [Q, h, w], as in :func:`propose_candidates`.
        evidence: [Q, h, w].
        plural: bool [Q].
        most: masks that may join.
        colours: of the Q queries.

    Returns:
        Candidates with one column more: the largest union, where there is one.
    """
    rows = plural.nonzero()[:, 0]
    parts = candidates.logits[rows]
    masks = (parts > 0).flatten(2).float()
    area = masks.sum(2)
    own_colours = None if colours is None else colours[rows]
    union, value = choose(_rows(candidates, rows))
    grew = torch.zeros_like(rows, dtype=torch.bool)
    for _ in range(most):
        whole = (union > 0).flatten(1).float()
        smaller = torch.minimum(area, whole.sum(1)[:, None])
        free = (masks @ whole[..., None])[..., 0] < APART * smaller
        unions = torch.maximum(parts, union[:, None])
        liked = map_agreement(unions, maps[rows], evidence[rows], own_colours)
        liked = torch.where(free & candidates.valid[rows], liked, -1.0)
        gained, best = liked.max(1)
        better = gained > value
        if not bool(better.any()):
            break
        grown = unions[torch.arange(len(rows), device=rows.device), best]
        union = torch.where(better[:, None, None], grown, union)
        value = torch.where(better, gained, value)
        grew |= better
    logits = torch.full_like(candidates.logits[:, :1], -32.0)
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
    """Those of some queries, for :func:`choose`."""
    return Candidates(
        candidates.logits[rows], candidates.valid[rows], candidates.agreement[rows]
    )


def asked_again(
    sam: MaskModel,
    embedding: MaskEmbedding,
    chosen: Tensor,
    maps: Tensor,
    evidence: Tensor,
    size: tuple[int, int],
    colours: ColourCue | None = None,
) -> Tensor:
    """The chosen masks, or what SAM says of their boxes where that agrees better.

    A point leaves open what it means, a box says how large it is. Answers that are another
    thing (IoU with the chosen mask below one half) do not count: of plural equal things words
    of place may have chosen one, and the map shows them all. Measured: docs/benchmarks.md,
    "Which masks a map becomes".

    Args:
        chosen: [Q, a, b] logits.

    Others as in :func:`propose_candidates`. Returns logits [Q, a, b].
    """
    held = (chosen > 0).flatten(1).any(1).nonzero()[:, 0]
    if not len(held):
        return chosen
    offers = chosen[:, None].repeat(1, 4, 1, 1)
    for part in held.split(PROMPTS_AT_ONCE):
        answer, _ = sam.predict(embedding, boxes=boxes_of(chosen[part] > 0, size))
        offers[part, 1:] = crop_logits(answer, embedding)
    flat = (offers > 0).flatten(2).float()
    shared = (flat * flat[:, :1]).sum(2)
    same = shared >= SAME * (flat.sum(2) + flat[:, :1].sum(2) - shared)
    agreement = map_agreement(offers, maps, evidence, colours)
    best = torch.where(same, agreement, -1.0).argmax(1)
    return offers[torch.arange(len(best), device=best.device), best]


def map_agreement(
    logits: Tensor, maps: Tensor, evidence: Tensor, colours: ColourCue | None = None
) -> Tensor:
    """How well masks agree with what language has found.

    Args:
        logits: [Q, M, a, b].
        maps: [Q, h, w].
        evidence: [Q, h, w], see :func:`propose_candidates`.
        colours: of the Q queries.

    Returns:
        [Q, M] in [0, 1].
    """
    grid = (int(maps.shape[-2]), int(maps.shape[-1]))
    masks = F.adaptive_avg_pool2d((logits > 0).float(), grid)
    # A mask that falls apart when its threshold moves is a checkerboard, not an object.
    agreement = soft_iou(masks, (maps * evidence).sqrt()) * stability(logits)
    return agreement if colours is None else agreement * colours.match(logits)


def choose(candidates: Candidates) -> tuple[Tensor, Tensor]:
    """The candidate of each query that agrees best.

    Returns:
        logits [Q, a, b] and agreement [Q].
    """
    best = candidates.agreement.argmax(1)
    rows = torch.arange(len(best), device=best.device)
    return candidates.logits[rows, best], candidates.agreement[rows, best].clamp_min(0)
