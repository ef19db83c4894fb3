"""Log-odds of every query for every region of a picture, against the background words."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from car_video.segment.classification.classifier import MaskClassifier
from car_video.segment.classification.scores import TINY
from car_video.segment.encoding import EncodedImage
from car_video.segment.evidence import KnownNouns
from car_video.segment.queries import QuerySet


def region_odds(
    classifier: MaskClassifier,
    encoded: EncodedImage,
    regions: Tensor,
    queries: QuerySet,
    known: KnownNouns | None,
) -> Tensor:
    """By the texts, blended with the model's own classifier where it knows the noun.

    Args:
        classifier: of the texts.
        encoded: the picture.
        regions: bool [K, h, w] at working size.
        queries: Q queries and the background.
        known: queries that the model's own classifier knows; None: none.

    Returns:
        float32 [K, Q].
    """
    embeddings = classifier.embed(encoded.pixels[0], regions, encoded.pooling)
    table = classifier.probabilities(embeddings, queries.encoded_texts, queries.background)
    own, rest = table.clamp_min(TINY).split([len(queries), len(queries.background)], 1)
    odds = own.log() - rest.sum(1, keepdim=True).clamp_min(TINY).log()
    if known is None:
        return odds
    cells = F.adaptive_avg_pool2d(regions[None].float(), encoded.features.grid)[0]
    return known.blend_regions(encoded.features, cells, odds)
