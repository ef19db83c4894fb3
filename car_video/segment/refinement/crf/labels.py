"""From proposals to masks by the dense CRF, in semantic and in refer mode."""

from __future__ import annotations

import torch
from torch import Tensor

from car_video.segment.refinement.crf.inference import DenseCrf


def with_background(proposals: Tensor, power: float = 1.0) -> Tensor:
    """Put the background in front: the probability that no proposal holds.

    Source: docs/method.md#dense-crf.

    Args:
        proposals: [..., N, H, W] in [0, 1].
        power: b of the paper; above 1 the background gives way.

    Returns:
        [..., N + 1, H, W]; not normalised. Without proposals the background is 1.
    """
    if proposals.shape[-3] == 0:
        height, width = proposals.shape[-2:]
        return proposals.new_ones((*proposals.shape[:-3], 1, height, width))
    background = (1.0 - proposals.amax(-3, keepdim=True)) ** power
    return torch.cat([background, proposals], -3)


def refine_semantic(
    crf: DenseCrf, proposals: Tensor, power: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Semantic mode: proposals and background compete for every pixel.

    Args:
        crf: of the image.
        proposals: [N, H, W] (or [B, N, H, W]) in [0, 1].
        power: see :func:`with_background`.

    Returns:
        masks: bool [N, H, W], disjoint; a proposal that wins no pixel keeps its empty mask;
        marginals: float32 [N, H, W], background left out.
    """
    marginals = crf.marginals(with_background(proposals, power))
    # max: argmax takes twenty times as long here.
    labels = marginals.max(-3, keepdim=True).indices
    count = proposals.shape[-3]
    numbers = torch.arange(1, count + 1, device=labels.device).view(count, 1, 1)
    return labels == numbers, marginals.narrow(-3, 1, count)


def refine_refer(crf: DenseCrf, proposals: Tensor, power: float = 1.0) -> tuple[Tensor, Tensor]:
    """Refer mode: every proposal against its own background; masks may overlap.

    Args and returns as :func:`refine_semantic`.
    """
    marginals = crf.binary_marginals(proposals, (1.0 - proposals) ** power)
    return marginals > 0.5, marginals
