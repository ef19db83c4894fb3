"""Survivors of the recurrence with what their words and a detector say of masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from car_video.config import DetectorConfig
from car_video.models.detectors.catalog import NONE
from car_video.models.detectors.registry import load_detector
from car_video.segment.cues.detections import DetectionCue
from car_video.segment.cues.place_maps import weigh_by_place
from car_video.segment.encoding import EncodedImage
from car_video.segment.proposals.filling import EVEN, lifted
from car_video.segment.proposals.maps import Proposer
from car_video.segment.queries import QuerySet
from car_video.segment.recurrence import Survivors

DetectionSource = Callable[[Tensor, QuerySet, Tensor], DetectionCue | None]
"""A picture, float32 [1, 3, H, W], the queries, and the numbers int64 [N] of some of them in;
what a detector finds of these out."""


def detection_source(config: DetectorConfig, device: torch.device) -> DetectionSource | None:
    """Detections as the configuration says; None without a detector.

    Raises:
        ModelError: see :func:`~car_video.models.detectors.registry.load_detector`.
    """
    if config.model == NONE:
        return None
    detector = load_detector(config.model, device)

    def detect(pixels: Tensor, queries: QuerySet, alive: Tensor) -> DetectionCue | None:
        texts = [queries.encoded_texts[number] for number in alive.tolist()]
        found = detector.detect(pixels, texts)
        weight = torch.full((len(texts),), config.weight, device=pixels.device)
        if queries.plural is not None:  # their masks are of several boxes
            weight[queries.plural[alive].to(weight.device)] = 0
        size = int(pixels.shape[-2]), int(pixels.shape[-1])
        return DetectionCue.of(found, config.boxes, weight, size)

    return detect


def with_cues(
    encoded: EncodedImage,
    proposer: Proposer,
    queries: QuerySet,
    survivors: Survivors,
    candidates: bool,
    detect: DetectionSource | None = None,
) -> Survivors:
    """The survivors with what their words say of colours, places and numbers.

    Args:
        encoded: the picture.
        proposer: of it.
        queries: all of them.
        survivors: of the recurrence.
        candidates: masks are chosen among candidates, which only SAM makes.
        detect: a detector that is asked for the survivors.
    """
    alive = survivors.alive
    fills = proposer.fills(alive)
    maps = lifted(survivors.maps, fills, even=not candidates)
    evidence = lifted(proposer.evidence(alive), fills, even=not candidates)
    cues, places, plural = None, None, queries.plural
    if queries.cues is not None and candidates:
        cues = queries.cues.on_picture(encoded.pixels)[alive]
        # What fills the picture is at its border.
        cues = replace(cues, things=cues.things & (fills <= EVEN))
        if queries.same_kind is not None:
            cues = replace(cues, kinds=proposer.kinds(alive))
        if detect is not None and len(alive):
            cues = replace(cues, detections=detect(encoded.pixels, queries, alive))
    if queries.places is not None:
        places, anchors = queries.places, proposer.anchors()
        places = (places if anchors is None else places.with_anchors(anchors))[alive]
        maps, evidence = weigh_by_place(maps, evidence, places)
    plural = None if plural is None else plural[alive]
    return replace(
        survivors, maps=maps, evidence=evidence, cues=cues, places=places, plural=plural
    )
