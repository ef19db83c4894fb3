"""The neck: decorrelation, softness, and the same as a linear layer."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tools.build_lite.whitening import Whitening, fit_whitening


def correlated(count: int = 4000, channels: int = 12) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(channels, channels, generator=generator)
    scale = torch.logspace(-1, 1, channels)
    return torch.randn(count, channels, generator=generator) @ mix * scale + 3 * scale


def test_no_softness_whitens() -> None:
    cells = correlated()
    white = fit_whitening(cells, 12, 0.0)(cells)
    covariance = white.T @ white / len(white)
    torch.testing.assert_close(covariance, torch.eye(12), atol=2e-2, rtol=0)
    torch.testing.assert_close(white.mean(0), torch.zeros(12), atol=1e-3, rtol=0)


@pytest.mark.parametrize("softness", [0.1, 1.0])
def test_softness_shrinks_weak_directions(softness: float) -> None:
    cells = correlated()
    neck = fit_whitening(cells, 12, softness)
    unit = (cells - neck.mean) / neck.deviation
    values = torch.linalg.eigvalsh(unit.T @ unit / len(unit)).flip(0)
    white = neck(cells)
    expected = values / (values + softness)
    torch.testing.assert_close(white.square().mean(0), expected, atol=1e-3, rtol=1e-3)
    assert (expected.diff() <= 0).all()


def test_kept_directions_are_the_strongest() -> None:
    cells = correlated()
    whole, part = fit_whitening(cells, 12, 0.1), fit_whitening(cells, 5, 0.1)
    torch.testing.assert_close(part.basis, whole.basis[:, :5])
    assert part(cells).shape == (len(cells), 5)


def test_linear_layer_is_the_same() -> None:
    cells = correlated(50)
    neck = fit_whitening(cells, 7, 0.1)
    weight, bias = neck.as_linear()
    again = torch.nn.functional.linear(cells, weight, bias)
    torch.testing.assert_close(again, neck(cells), atol=1e-4, rtol=1e-4)


def test_constant_channels_stay_finite() -> None:
    cells = correlated(100)
    cells[:, 3] = 5.0
    assert fit_whitening(cells, 12, 0.1)(cells).isfinite().all()


def test_tensors_round_trip() -> None:
    neck = fit_whitening(correlated(100), 4, 0.1)
    again = Whitening.from_tensors(neck.tensors("last"), "last")
    assert torch.equal(again.mean, neck.mean)
    assert torch.equal(again.basis, neck.basis)
    assert torch.equal(again.deviation, neck.deviation)
