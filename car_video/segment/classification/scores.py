"""Scores of mask embeddings against text embeddings: pure functions."""

from __future__ import annotations

from collections.abc import Sequence

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


def among_kinds(table: Tensor, texts: Sequence[str], same_kind: Tensor | None) -> Tensor:
    """Score of each of N masks for its own query; things of one kind do not compete.

    Args:
        table: [N, N] softmax of every mask over the queries.
        texts: of the queries. Texts that only their places tell apart are equal here and count
            once.
        same_kind: bool [N, N]: see :class:`~car_video.segment.queries.QuerySet`.

    Returns:
        [N] in [0, 1].
    """
    scores = table.diagonal()
    if same_kind is None:
        return scores
    rest = ~same_kind.to(table.device)
    rest &= rest.new_tensor([texts.index(text) == n for n, text in enumerate(texts)])
    own = torch.eye(len(texts), dtype=torch.bool, device=rest.device)
    return scores / (table * (rest | own)).sum(1).clamp_min(TINY)


def against_background(
    embeddings: Tensor, queries: Tensor, background: Tensor, scale: Tensor | float
) -> Tensor:
    """Softmax of each query alone against the background.

    Args:
        embeddings: [N, D], any length; row i is compared with query i.
        queries: unit-length [N, D].
        background: unit-length [K, D].
        scale: of the logits, one or [N, 1].

    Returns:
        float32 [N, 1 + K]: first the query, then the background texts; rows sum to 1.
    """
    directions = functional.normalize(embeddings, dim=-1)
    own = (directions * queries).sum(-1, keepdim=True)
    return torch.softmax(torch.cat([own, directions @ background.T], -1) * scale, -1)
