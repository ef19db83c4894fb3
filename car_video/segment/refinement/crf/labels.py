"""From proposals to labels by the dense CRF: together in semantic mode, apart in refer mode."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import CrfConfig
from car_video.segment.refinement.crf.inference import DenseCrf


def dense_crf(
    image: NDArray[np.uint8] | Tensor, probabilities: Tensor, config: CrfConfig | None = None
) -> tuple[Tensor, Tensor]:
    """Refine soft label maps by the dense CRF of their image.

    Args:
        image: uint8 [H, W, 3] RGB, or a batch [B, H, W, 3].
        probabilities: [L, H, W] (or [B, L, H, W]) in [0, 1]; computed where these are.
        config: constants, CaR's by default.

    Returns:
        labels: int64 [H, W] (or [B, H, W]) in 0 .. L - 1;
        marginals: float32 of the shape of ``probabilities``.

    Raises:
        ConfigError, ValueError: see :class:`DenseCrf`.

    Example:
        >>> image = np.zeros((4, 6, 3), np.uint8)
        >>> labels, marginals = dense_crf(image, torch.rand(3, 4, 6))
        >>> labels.shape, marginals.shape
        (torch.Size([4, 6]), torch.Size([3, 4, 6]))
    """
    marginals = DenseCrf(image, config, probabilities.device).marginals(probabilities)
    return marginals.max(-3).indices, marginals  # argmax takes twenty times as long here


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
