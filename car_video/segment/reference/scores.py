"""How CaR's released code scores prompted pictures against texts in many templates."""

from __future__ import annotations

import torch
from torch import Tensor

from car_video.segment.classification.scores import cosines


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
    logits = cosines(embeddings, templated.reshape(count * texts, dim)) * scale
    per_template = torch.softmax(logits.reshape(-1, count, texts), -1)
    if count == 1:
        return per_template[:, 0]
    return torch.softmax(per_template.sum(1), -1)
