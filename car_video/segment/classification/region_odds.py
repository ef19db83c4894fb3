"""Log-odds of every query for every region of a picture, against the background words."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from car_video.segment.classification.classifier import MaskClassifier, MaskEmbeddings
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
    odds, _ = text_odds(classifier, embeddings, queries.encoded_texts, queries.background)
    if known is None:
        return odds
    cells = F.adaptive_avg_pool2d(regions[None].float(), encoded.features.grid)[0]
    return known.blend_regions(encoded.features, cells, odds)


def text_odds(
    classifier: MaskClassifier,
    regions: MaskEmbeddings,
    texts: Sequence[str],
    background: Sequence[str],
) -> tuple[Tensor, Tensor]:
    """Log-odds of texts for regions, each text alone against the background words.

    Args:
        classifier: of the texts.
        regions: embeddings of K regions.
        texts: N texts.
        background: R words.

    Returns:
        float32 [K, N] log-odds, and [K, R]: the share of each word in the background.
    """
    table = classifier.probabilities(regions, texts, background)
    own, rest = table.clamp_min(TINY).split([len(texts), len(background)], 1)
    against = rest.sum(1, keepdim=True).clamp_min(TINY)
    return own.log() - against.log(), rest / against
