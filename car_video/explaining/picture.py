"""The stages of one picture, asked of the image algorithm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.explaining.votes import votes_on
from car_video.explaining.wording import colours_of, mentioned_in, places_of
from car_video.explanation import CandidateMask, QueryStages
from car_video.segment.classification.proposal_scores import binary_proposals
from car_video.segment.encoding import EncodedImage, working_size
from car_video.segment.mask_selection.candidates import stability
from car_video.segment.mask_selection.overlaps import half_masks
from car_video.segment.mask_selection.sam_prompts import Candidates, map_overlap
from car_video.segment.recurrence import Survivors
from car_video.segment.resizing import enlarge, enlarge_masks
from car_video.segment.segmenter import ImageSegmenter
from car_video.segment.stages import PictureStages
from car_video.types import FramePrediction

MOST_CANDIDATES = 5
"""Candidates of a query that are kept."""
SAME_IOU = 0.5
"""IoU of the answer's mask with a candidate from which it shows the same thing."""
INSIDE = 0.8
"""Share of a candidate in a mask of several things from which it is one of them."""
NEARLY_SAME = 0.9
"""IoU from which two candidates are one for a reader."""


def queries_of(
    image: ImageSegmenter, encoded: EncodedImage, stages: PictureStages
) -> tuple[QueryStages, ...]:
    """The stages of every query.

    Args:
        image: the image algorithm with its expressions.
        encoded: the picture.
        stages: of it, with the mask candidates.
    """
    return tuple(
        _stages_of(image, encoded, stages, query) for query in range(len(image.queries))
    )


def steps_of(survivors: Survivors) -> tuple[dict[int, float], ...]:
    """For each step of the recurrence the queries that it began with, and their scores."""
    return tuple(
        dict(zip(step.alive.tolist(), step.scores.float().tolist(), strict=True))
        for step in survivors.history
    )


def dropped_in(survivors: Survivors, query: int) -> int:
    """The step, from 1, that dropped a query; 0 where none did."""
    if query in survivors.alive.tolist():
        return 0
    before = survivors.steps - len(survivors.history)  # with the first queries of the reference
    return before + sum(query in step.alive.tolist() for step in survivors.history)


def with_choices(
    queries: tuple[QueryStages, ...],
    parts: tuple[tuple[int, ...], ...],
    prediction: FramePrediction,
) -> tuple[QueryStages, ...]:
    """The queries with the numbers of the candidates that the answer shows.

    Args:
        queries: the Q queries.
        parts: for each expression the numbers of its queries.
        prediction: the answer.
    """
    chosen = list(queries)
    for own, mask in zip(parts, prediction.masks, strict=True):
        for query in own:
            several = len(own) > 1
            taken = matching_candidate(mask, queries[query].candidates, several)
            chosen[query] = replace(queries[query], chosen=taken)
    return tuple(chosen)


def matching_candidate(
    mask: NDArray[np.bool_], candidates: tuple[CandidateMask, ...], several: bool = False
) -> int:
    """Number of the candidate that shows what a mask shows; -1 where none does.

    Args:
        mask: bool [H, W].
        candidates: of one query, best first.
        several: the mask is that of several things, and the candidate one of them.
    """
    overlaps = []
    for candidate in candidates:
        shared = int((candidate.mask & mask).sum())
        whole = int((candidate.mask if several else candidate.mask | mask).sum())
        overlaps.append(shared / whole if whole else 0.0)
    if several:
        return next((n for n, share in enumerate(overlaps) if share >= INSIDE), -1)
    best = int(np.argmax(overlaps)) if overlaps else -1
    return best if best >= 0 and overlaps[best] >= SAME_IOU else -1


def _stages_of(
    image: ImageSegmenter, encoded: EncodedImage, stages: PictureStages, query: int
) -> QueryStages:
    queries, survivors = image.queries, stages.survivors
    dropped = dropped_in(survivors, query)
    if dropped:  # what it has by itself
        survivors = image.recur(encoded, torch.tensor([query]), max_steps=1)
    row = survivors.alive.tolist().index(query)
    seen = survivors.maps if survivors.proposals is None else survivors.proposals
    seen = seen[row : row + 1]
    binary = binary_proposals(image.mask_classifier, encoded, seen, image.config)
    together = None
    if survivors.region is not None:
        together = float(survivors.region.together[row])
    text, sentence = queries.texts[query], queries.encoded_texts[query]
    words = image.config.expression
    candidates: tuple[CandidateMask, ...] = ()
    counted = None
    if not dropped and stages.refined.candidates is not None:
        candidates = _candidates(image, encoded, survivors, stages.refined.candidates, row)
        if survivors.places is not None and stages.refined.count_probability is not None:
            most = int(survivors.places.ordinal[row].max())
            counted = float(stages.refined.count_probability[row]) if most > 1 else None
    return QueryStages(
        text=text,
        sentence=sentence,
        noun_phrase=queries.noun_phrases[query],
        places=places_of(text, words.spatial),
        colours=colours_of(text) if words.colour_weight else (),
        mentioned=mentioned_in(sentence, text) if words.context_rivals else (),
        evidence=_array(survivors.evidence[row]),
        map=_array(survivors.maps[row]),
        proposal=binary[0].cpu().numpy(),
        prompt=_prompt(image, encoded, binary),
        score=0.0 if dropped else float(survivors.scores[row]),
        dropped=dropped,
        votes=votes_on(image, encoded, query, binary)[0],
        candidates=candidates,
        together=together,
        count_probability=counted,
    )


def _prompt(
    image: ImageSegmenter, encoded: EncodedImage, binary: Tensor
) -> NDArray[np.uint8] | None:
    """uint8 [S, S, 3]: what the classifier is shown of a proposal; None where it is shown
    none."""
    if image.mask_classifier.config.pooled_weight == 1:
        return None
    picture = image.mask_classifier.prompted_pictures(encoded.pixels[0], binary)[0]
    levels = (picture.clamp(0, 1) * 255).round().to(torch.uint8)
    return np.asarray(levels.permute(1, 2, 0).cpu().numpy())


def _candidates(
    image: ImageSegmenter,
    encoded: EncodedImage,
    survivors: Survivors,
    found: Candidates,
    row: int,
) -> tuple[CandidateMask, ...]:
    """The best candidates of a surviving query, no two nearly the same."""
    best = _different(found.logits[row], found.agreement[row])
    if not best:
        return ()
    logits = found.logits[row][best]
    factors = _factors(survivors, found, row, best)
    regions = enlarge(logits.float(), working_size(encoded)) > 0
    query = int(survivors.alive[row])
    votes = votes_on(image, encoded, query, regions)
    size = (int(encoded.image.shape[0]), int(encoded.image.shape[1]))
    masks = enlarge_masks(regions, size)
    agreement = found.agreement[row][best].tolist()
    return tuple(
        CandidateMask(
            masks[place],
            agreement[place],
            {name: float(values[place]) for name, values in factors.items()},
            votes[place],
        )
        for place in range(len(best))
    )


def _factors(
    survivors: Survivors, found: Candidates, row: int, best: list[int]
) -> dict[str, Tensor]:
    """What the agreement of some candidates of a query is the product of, by name, [C] each."""
    logits = found.logits[row : row + 1, best]
    maps = survivors.maps[row : row + 1]
    evidence = survivors.evidence[row : row + 1]
    factors = {"map": map_overlap(logits, maps, evidence), "stable": stability(logits)}
    cues = survivors.cues
    if cues is not None:
        own = cues[torch.tensor([row])]
        factors["border"] = own.border_factor(logits)
        if own.colours is not None and bool(own.colours.asked.any()):
            factors["colour"] = own.colours.match(logits)
        if own.kinds is not None and int(own.kinds.same.sum()) > 1:
            factors["kind"] = own.among_kind(logits)
    placed = survivors.places is not None and bool(survivors.places.has_place[row])
    if placed and found.place_factor is not None:
        factors["place"] = found.place_factor[row : row + 1, best]
    return {name: values[0].float().cpu() for name, values in factors.items()}


def _different(logits: Tensor, agreement: Tensor) -> list[int]:
    """Numbers of the best candidates that are not empty, no two of them nearly the same.

    Args:
        logits: [M, a, b].
        agreement: [M], below 0 for padding.
    """
    masks = half_masks(logits.float())
    area = masks.sum(1)
    shared = masks @ masks.T
    iou = shared / (area[:, None] + area - shared).clamp_min(1)
    chosen: list[int] = []
    for place in agreement.argsort(descending=True, stable=True).tolist():
        if float(agreement[place]) < 0 or len(chosen) == MOST_CANDIDATES:
            break
        if float(area[place]) > 0 and not bool((iou[place, chosen] >= NEARLY_SAME).any()):
            chosen.append(place)
    return chosen


def _array(values: Tensor) -> NDArray[np.float32]:
    return np.asarray(values.float().cpu().numpy())
