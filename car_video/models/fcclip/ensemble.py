"""The geometric ensemble of both classifiers, and the void class.

Formed from logarithms. The released code takes powers first, which is the same while nothing
underflows; a probability that becomes 0 there spoils its whole query.

Source: arXiv 2308.02487, equation 5; the released code for void and for empty masks.
"""

from __future__ import annotations

import torch
from torch import Tensor

ALPHA, BETA = 0.4, 0.8
"""Weights of the out-of-vocabulary classifier for seen and for unseen classes (section 4.1)."""

_FLOOR = 1e-8
"""Added to probabilities before their last logarithm (released code)."""


def probabilities(
    inner: Tensor,
    outer: Tensor,
    seen: Tensor,
    *,
    nonempty: Tensor | None = None,
    alpha: float = ALPHA,
    beta: float = BETA,
) -> Tensor:
    """Probabilities of K classes and void.

    Args:
        inner: logits [..., Q, K + 1] of the in-vocabulary classifier, void last.
        outer: logits [..., Q, K] of the out-of-vocabulary classifier.
        seen: bool [K]: the class shares a synonym with the training vocabulary.
        nonempty: bool [..., Q]: the query's mask has a cell on CLIP's grid; the others count
            by the in-vocabulary classifier alone. None: all count by both.
        alpha, beta: weights of ``outer`` for seen and for unseen classes.

    Returns:
        [..., Q, K + 1], rows sum to 1.
    """
    known = inner[..., :-1].log_softmax(-1)
    weight = torch.where(seen, alpha, beta).to(known.dtype)
    blended = (1 - weight) * known + weight * outer.log_softmax(-1)
    if nonempty is not None:  # an empty mask may have given anything, so no product with 0
        blended = torch.where(nonempty.unsqueeze(-1), blended, known)
    void = inner.softmax(-1)[..., -1:]
    together = torch.cat([blended.softmax(-1) * (1 - void), void], -1)
    return (together + _FLOOR).log().softmax(-1)
