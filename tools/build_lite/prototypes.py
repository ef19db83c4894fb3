"""Class knowledge of the ImageNet classifier, brought to the whitened feature space.

There are no ImageNet pictures here, only the classifier. If classes are Gaussians with one
covariance S, the best linear classifier is w = S^-1 mu (linear discriminant analysis), so a
class mean lies along mu = S w: a picture feature that stands for the class without a picture.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tools.build_lite.whitening import Whitening


def whitened_classifier(weight: Tensor, bias: Tensor, neck: Whitening) -> tuple[Tensor, Tensor]:
    """The classifier as a function of whitened features, by the pseudo-inverse of the neck.

    Args:
        weight: [classes, C]; bias: [classes].
        neck: C -> k.

    Returns:
        weight [k, classes] and bias [classes]: logits = z @ weight + bias.
    """
    back = torch.linalg.pinv(neck.basis)  # [k, C]
    return (back * neck.deviation) @ weight.T, neck.mean @ weight.T + bias


def class_prototypes(pooled: Tensor, weight: Tensor, ridge: float) -> Tensor:
    """One feature vector per class.

    Args:
        pooled: [N, k + m]: pooled features of pictures; the classifier reads the first k.
        weight: [k, classes], from :func:`whitened_classifier`.
        ridge: of the linear regression that guesses the other m features.

    Returns:
        [classes, k + m], each as far from the mean feature as pictures are on average.
    """
    used = len(weight)
    first, rest = pooled[:, :used], pooled[:, used:]
    mean = first.mean(0)
    covariance = torch.cov(first.T)
    towards = (covariance @ (weight - weight.mean(1, keepdim=True))).T  # [classes, k]
    away = towards / towards.norm(dim=1, keepdim=True).clamp_min(1e-12)
    centred = first - mean
    offsets = away * centred.norm(dim=1).mean()
    system = covariance + ridge * torch.eye(used, device=pooled.device)
    cross = centred.T @ (rest - rest.mean(0)) / len(pooled)
    slope = torch.linalg.solve(system, cross)  # [k, m]
    return torch.cat([mean + offsets, rest.mean(0) + offsets @ slope], 1)
