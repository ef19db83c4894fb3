"""How CaR's released code scores prompted pictures against texts in many templates."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def double_softmax(embeddings: Tensor, templated: Tensor, scale: float) -> Tensor:
    """The released code's score: softmax of the sum of the templates' softmaxes.

    docs/method.md#what-the-released-code-does-differently says what it does to theta.

    Args:
        embeddings: [M, D], any length.
        templated: unit-length [S, N, D].
        scale: of the logits.

    Returns:
        float32 [M, N]. With one template there is no second softmax, as in the reference.
    """
    count, texts, dim = templated.shape
    flat = templated.reshape(count * texts, dim)
    logits = functional.normalize(embeddings, dim=-1) @ flat.T * scale
    per_template = torch.softmax(logits.reshape(-1, count, texts), -1)
    if count == 1:
        return per_template[:, 0]
    return torch.softmax(per_template.sum(1), -1)
