"""Class prototypes against Gaussians whose means are known."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from tools.build_lite.prototypes import class_prototypes, whitened_classifier
from tools.build_lite.whitening import fit_whitening

CLASSES, USED, REST, EACH = 5, 8, 3, 4000


def gaussians() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features [N, USED + REST], labels, class means [CLASSES, ...], covariance within classes.

    Means are far smaller than the spread, so that the covariance of all is that of a class.
    """
    generator = torch.Generator().manual_seed(0)
    mix = 0.3 * torch.randn(USED, USED, generator=generator) + 2 * torch.eye(USED)
    rotation = torch.linalg.qr(torch.randn(USED, USED, generator=generator))[0]
    means = 0.3 * rotation[:CLASSES] @ mix
    means -= means.mean(0)
    labels = torch.arange(CLASSES).repeat(EACH)
    first = means[labels] + torch.randn(len(labels), USED, generator=generator) @ mix
    slope = torch.randn(USED, REST, generator=generator)
    rest = first @ slope + 0.1 * torch.randn(len(labels), REST, generator=generator) + 1
    features = torch.cat([first + 2, rest], 1)
    return features, means, mix.T @ mix, slope


def test_prototypes_point_to_the_class_means() -> None:
    features, means, covariance, slope = gaussians()
    weight = torch.linalg.solve(covariance, means.T)  # linear discriminant analysis
    prototypes = class_prototypes(features, weight, ridge=1e-3)
    centre = features.mean(0)
    offsets = prototypes - centre
    cosine = F.cosine_similarity(offsets[:, :USED], means, dim=1)
    assert (cosine > 0.99).all()
    # as far out as pictures are
    spread = (features[:, :USED] - centre[:USED]).norm(dim=1).mean()
    torch.testing.assert_close(offsets[:, :USED].norm(dim=1), spread.expand(CLASSES))
    # the other channels follow by regression
    torch.testing.assert_close(
        offsets[:, USED:], offsets[:, :USED] @ slope, rtol=0.05, atol=0.1
    )


def test_classifier_recognises_its_prototypes() -> None:
    features, means, covariance, _ = gaussians()
    weight = torch.linalg.solve(covariance, means.T)
    offsets = class_prototypes(features, weight, ridge=1e-3) - features.mean(0)
    assert torch.equal((offsets[:, :USED] @ weight).argmax(1), torch.arange(CLASSES))


def test_a_constant_added_to_all_classes_changes_nothing() -> None:
    features, means, covariance, _ = gaussians()
    weight = torch.linalg.solve(covariance, means.T)
    shifted = weight + torch.randn(USED, 1, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        class_prototypes(features, weight, 1e-3),
        class_prototypes(features, shifted, 1e-3),
        rtol=1e-3,
        atol=1e-3,
    )


def test_whitened_classifier_gives_the_same_logits() -> None:
    generator = torch.Generator().manual_seed(2)
    raw = torch.randn(500, 10, generator=generator) * 3 + 1
    weight, bias = torch.randn(6, 10, generator=generator), torch.randn(6, generator=generator)
    neck = fit_whitening(raw, 10, 0.1)  # all directions kept: nothing is lost
    towards, offset = whitened_classifier(weight, bias, neck)
    torch.testing.assert_close(
        neck(raw) @ towards + offset, raw @ weight.T + bias, atol=1e-3, rtol=1e-3
    )
