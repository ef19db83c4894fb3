"""Gaussian blur against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from car_video.segment.blur import gaussian_blur, mirrored


@pytest.mark.parametrize("sigma", [0.05, 0.6, 2.6, 7.9])
def test_narrow_blur_equals_scipy(sigma: float) -> None:
    image = np.random.default_rng(0).random((3, 37, 50)).astype(np.float32)
    got = gaussian_blur(torch.from_numpy(image), (sigma, sigma)).numpy()
    expected = ndimage.gaussian_filter(image, (0, sigma, sigma), mode="mirror", truncate=3.0)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_wide_blur_is_close_to_scipy() -> None:
    image = np.random.default_rng(1).random((3, 300, 400)).astype(np.float32)
    image[:, 100:200, 100:200] += 2.0
    got = gaussian_blur(torch.from_numpy(image), (25.0, 25.0)).numpy()
    expected = ndimage.gaussian_filter(image, (0, 25.0, 25.0), mode="mirror", truncate=3.0)
    assert np.abs(got - expected).max() < 0.05 * np.ptp(expected)


def test_different_widths_along_the_axes() -> None:
    image = np.random.default_rng(2).random((3, 30, 40)).astype(np.float32)
    got = gaussian_blur(torch.from_numpy(image), (1.0, 3.0)).numpy()
    expected = ndimage.gaussian_filter(image, (0, 1.0, 3.0), mode="mirror", truncate=3.0)
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_mirroring_equals_numpy(size: int) -> None:
    row = np.arange(size)
    padded = np.pad(row, 11, mode="reflect") if size > 1 else np.zeros(23, np.int64)
    assert mirrored(size, 11).tolist() == padded.tolist()
