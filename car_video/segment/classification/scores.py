"""Scores of mask embeddings against text embeddings: pure functions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TINY = 1e-12
"""Smallest probability before a logarithm; far below any that counts."""


def cosines(embeddings: Tensor, texts: Tensor) -> Tensor:
    """Cosine similarities [M, N] of [M, D], any length, and unit-length [N, D]."""
    return functional.normalize(embeddings, dim=-1) @ texts.T


def geometric_ensemble(first: Tensor, second: Tensor, weight: float) -> Tensor:
    """``first^(1 - weight) * second^weight``, rows scaled to sum 1 (FC-CLIP, section 3)."""
    logits = (1.0 - weight) * torch.log(first.clamp_min(TINY))
    logits = logits + weight * torch.log(second.clamp_min(TINY))
    return torch.softmax(logits, -1)


def against_background(
    embeddings: Tensor, queries: Tensor, background: Tensor, scale: float
) -> Tensor:
    """Softmax of each query alone against the background.

    Args:
        embeddings: [N, D], any length; row i is compared with query i.
        queries: unit-length [N, D].
        background: unit-length [K, D].
        scale: of the logits.

    Returns:
        float32 [N, 1 + K]: first the query, then the background texts; rows sum to 1.
    """
    directions = functional.normalize(embeddings, dim=-1)
    own = (directions * queries).sum(-1, keepdim=True)
    return torch.softmax(torch.cat([own, directions @ background.T], -1) * scale, -1)
