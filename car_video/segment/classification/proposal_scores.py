"""Scores of the proposals of a step of the recurrence (CaR, section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from car_video.config import SegmentConfig
from car_video.config.calibration import Calibration
from car_video.segment.classification.classifier import MaskClassifier
from car_video.segment.classification.scores import among_kinds
from car_video.segment.encoding import EncodedImage
from car_video.segment.evidence import calibrated
from car_video.segment.queries import QuerySet
from car_video.segment.refinement.refine import upsample
from car_video.segment.resizing import maps_at_once


def binary_proposals(
    classifier: MaskClassifier, encoded: EncodedImage, maps: Tensor, config: SegmentConfig
) -> Tensor:
    """Proposals as the classifier sees them: above eta.

    Args:
        classifier: g. Prompts are drawn on pixels, so for them maps are enlarged.
        encoded: the picture.
        maps: [N, h, w] in [0, 1].
        config: of the image algorithm.

    Returns:
        bool [N, H, W] at working size, or [N, h, w] for a classifier that only pools cells.
    """
    threshold = config.proposal.mask_threshold
    if classifier.config.pooled_weight == 1:
        return maps > threshold
    block = maps_at_once(len(maps), encoded.pixels[0, 0].numel())
    guided = config.proposal.guided
    parts = [upsample(encoded, m, guided) > threshold for m in maps.split(block)]
    return torch.cat(parts)


def score_proposals(
    classifier: MaskClassifier,
    encoded: EncodedImage,
    maps: Tensor,
    alive: Tensor,
    queries: QuerySet,
    config: SegmentConfig,
    calibration: Calibration,
) -> tuple[Tensor, Tensor]:
    """Scores of proposals for their own queries.

    Args:
        classifier: g.
        encoded: the picture.
        maps: [N, h, w] in [0, 1], of the queries alive.
        alive: int64 [N], their numbers.
        queries: all queries.
        config: of the image algorithm.
        calibration: of the model.

    Returns:
        float32 [N] in [0, 1] against each other, and float32 [N] that are reported.
    """
    texts = [queries.encoded_texts[i] for i in alive.tolist()]
    binary = binary_proposals(classifier, encoded, maps, config)
    embeddings = classifier.embed(encoded.pixels[0], binary, encoded.pooling)
    scores = torch.ones_like(embeddings.scored, dtype=torch.float32)
    alone = config.mode == "refer" and not config.recurrence.compete_in_refer
    if len(texts) > 1 and not alone:
        table = classifier.probabilities(embeddings, texts)
        scores = among_kinds(table, texts, queries.same_kind_among(alive))
    if config.scores == "classifier":
        return scores, scores
    if not queries.background:  # nothing to compare with: any mask counts as present
        return scores, embeddings.scored.float()
    presence = classifier.presence(embeddings, texts, queries.background)
    return scores, calibrated(presence, calibration)
