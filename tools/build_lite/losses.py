"""The losses, as pure functions of similarities."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NEVER = -1e4  # a logit that takes no part


def region_similarity(cells: Tensor, texts: Tensor, temperature: float) -> Tensor:
    """Similarity of texts with the part of a picture that they attend to.

    Mean of the cells' cosines, weighted by their softmax over the cells.

    Args:
        cells: unit length [B, n, D].
        texts: unit length [M, D].
        temperature: of the softmax; lower is nearer to the best cell alone.

    Returns:
        [B, M].
    """
    cosines = torch.einsum("bnd,md->bmn", cells, texts)
    return (cosines * (cosines / temperature).softmax(-1)).sum(-1)


def near_duplicates(texts: Tensor, cosine: float) -> Tensor:
    """bool [N, N]: pairs of different rows that say nearly the same.

    Args:
        texts: unit length [N, E].
    """
    close = texts @ texts.T > cosine
    return close.fill_diagonal_(False)


def contrastive(logits: Tensor, not_negative: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE: row i belongs to column i.

    Args:
        logits: [N, N].
        not_negative: bool [N, N]: pairs off the diagonal that take no part.
    """
    if not_negative is not None:
        logits = logits.masked_fill(not_negative, NEVER)
    target = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def multi_label(logits: Tensor, has: Tensor, ignore: Tensor, columns: float) -> Tensor:
    """Each present word against the absent words of its picture, and against other pictures.

    Multiple-instance: a picture's logit is that of its best-fitting region. One positive at a
    time competes with all negatives, so a rare word counts as much as a frequent one.

    Args:
        logits: [B, V].
        has: bool [B, V]: the word is in a caption.
        ignore: bool [B, V]: neither positive nor negative.
        columns: weight of the competition between pictures.
    """
    negative = ~has & ~ignore
    others = logits.masked_fill(~negative, NEVER)
    rows = F.softplus(others.logsumexp(1, keepdim=True) - logits)
    across = F.softplus(others.logsumexp(0, keepdim=True) - logits)
    contested = has & negative.any(0)
    return (_mean(rows[has]) + columns * _mean(across[contested])) / 2


def doubtful(logits: Tensor, negative: Tensor, share: float) -> Tensor:
    """The pictures that look most like having a word which nobody has named in them.

    One caption names little of what a picture shows. Of the pictures that a word is not said
    of, the best-scored ones are the likeliest to show it, and a loss pushes them hardest away.

    Args:
        logits: [B, V].
        negative: bool [B, V]: pictures that a word (column) is not said of.
        share: of each word's negatives, rounded down, in [0, 1).

    Returns:
        bool [B, V], a part of ``negative``.
    """
    scores = logits.detach().masked_fill(~negative, -torch.inf)
    count = (negative.sum(0) * share).long()
    limit = scores.sort(0, descending=True).values.gather(0, count[None])
    return negative & (scores > limit)


def cell_distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Cells should rank nouns as the ImageNet classifier ranks the classes that they hold.

    Args:
        student: [K, g]: logits of cells against nouns of which no two hold the same class.
        teacher: [K, g]: the probability that the classifier gives to the classes of each.

    Returns:
        Cross entropy over the nouns; a cell counts by the probability of all of them together.
    """
    weight = teacher.sum(1)
    target = teacher / weight[:, None].clamp_min(1e-12)
    entropy = -(target * student.log_softmax(-1)).sum(1)
    return (entropy * weight).sum() / weight.sum().clamp_min(1e-12)


def _mean(values: Tensor) -> Tensor:
    """Mean, 0 for none."""
    return values.sum() / max(1, values.numel())
