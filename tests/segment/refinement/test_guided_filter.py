"""Guided upsampling against per-window least squares."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from car_video.segment.refinement.guided_filter import GuidedUpsampler


def naive_model(
    guide: np.ndarray, values: np.ndarray, radius: int, epsilon: float
) -> np.ndarray:
    """[4, h, w]: slope and offset per cell, averaged over the windows that hold it."""
    height, width = values.shape

    def window(y: int, x: int) -> tuple[slice, slice]:
        return (
            slice(max(0, y - radius), y + radius + 1),
            slice(max(0, x - radius), x + radius + 1),
        )

    model = np.zeros((4, height, width))
    for y in range(height):
        for x in range(width):
            colours = guide[(slice(None), *window(y, x))].reshape(3, -1)
            targets = values[window(y, x)].ravel()
            covariance = np.cov(colours, bias=True) + epsilon * np.eye(3)
            centred = colours - colours.mean(1, keepdims=True)
            slope = np.linalg.solve(covariance, centred @ targets / len(targets))
            model[:3, y, x] = slope
            model[3, y, x] = targets.mean() - slope @ colours.mean(1)
    averaged = np.zeros_like(model)
    for y in range(height):
        for x in range(width):
            averaged[:, y, x] = model[(slice(None), *window(y, x))].reshape(4, -1).mean(1)
    return averaged


def test_equals_least_squares_per_window() -> None:
    rng = np.random.default_rng(0)
    large = torch.from_numpy(rng.random((1, 3, 14, 18))).float()
    small = functional.interpolate(large, (7, 9), mode="area")
    maps = torch.from_numpy(rng.random((1, 2, 7, 9))).float()
    got = GuidedUpsampler(small, large, radius=2, epsilon=1e-2)(maps)
    for channel in range(2):
        model = naive_model(small[0].double().numpy(), maps[0, channel].numpy(), 2, 1e-2)
        model = functional.interpolate(
            torch.from_numpy(model)[None].float(), (14, 18), mode="bilinear"
        )[0]
        expected = (model[:3] * large[0]).sum(0) + model[3]
        torch.testing.assert_close(got[0, channel], expected, rtol=1e-3, atol=1e-3)


def test_a_map_that_is_affine_in_colour_is_recovered_at_full_resolution() -> None:
    large = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    small = functional.interpolate(large, (16, 24), mode="area")
    weights = torch.tensor([0.5, -0.2, 0.3]).view(1, 3, 1, 1)
    maps = (small * weights).sum(1, keepdim=True) + 0.1
    got = GuidedUpsampler(small, large, epsilon=1e-7)(maps)
    expected = (large * weights).sum(1, keepdim=True) + 0.1
    torch.testing.assert_close(got, expected, rtol=1e-2, atol=1e-2)


def test_edges_of_the_image_become_edges_of_the_map() -> None:
    large = torch.zeros(1, 3, 64, 64)
    large[..., 27:] = 1.0  # not on the grid of the small image
    small = functional.interpolate(large, (16, 16), mode="area")
    truth = large[:, :1]
    maps = functional.interpolate(truth, (16, 16), mode="area")
    guided = GuidedUpsampler(small, large)(maps)
    plain = functional.interpolate(maps, (64, 64), mode="bilinear", align_corners=False)
    assert float((guided - truth).abs().mean()) < 0.2 * float((plain - truth).abs().mean())


def test_constant_map_and_single_cell() -> None:
    large = torch.rand(1, 3, 5, 7)
    small = functional.interpolate(large, (1, 1), mode="area")
    got = GuidedUpsampler(small, large)(torch.full((1, 1, 1, 1), 0.7))
    torch.testing.assert_close(got, torch.full((1, 1, 5, 7), 0.7))
