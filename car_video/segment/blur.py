"""Gaussian blur of pictures, narrow or wide."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def gaussian_blur(image: Tensor, sigmas: tuple[float, float]) -> Tensor:
    """Gaussian blur with mirrored borders.

    Args:
        image: float32 [3, H, W].
        sigmas: standard deviation along y and x in pixels. Wide ones work on a smaller
            picture, which the blur makes indistinguishable.

    Returns:
        float32 [3, H, W].
    """
    height, width = image.shape[-2:]
    shrink = [max(1, int(sigma / 4.0)) for sigma in sigmas]
    small = (max(1, height // shrink[0]), max(1, width // shrink[1]))
    planes = image[:, None]
    if small != (height, width):
        planes = functional.interpolate(planes, small, mode="area")
    for dim, sigma, full, size in zip((2, 3), sigmas, (height, width), small, strict=True):
        planes = _blur_along(planes, dim, sigma * size / full)
    if small != (height, width):
        planes = functional.interpolate(
            planes, (height, width), mode="bilinear", align_corners=False
        )
    return planes[:, 0]


def _blur_along(planes: Tensor, dim: int, sigma: float) -> Tensor:
    if sigma < 0.1:
        return planes
    radius = max(1, int(3.0 * sigma + 0.5))
    offsets = torch.arange(-radius, radius + 1, device=planes.device, dtype=planes.dtype)
    taps = torch.exp(-0.5 * (offsets / sigma) ** 2)
    taps = taps / taps.sum()
    index = mirrored(planes.shape[dim], radius).to(planes.device)
    shape = (1, 1, -1, 1) if dim == 2 else (1, 1, 1, -1)
    return functional.conv2d(planes.index_select(dim, index), taps.view(shape))


def mirrored(size: int, radius: int) -> Tensor:
    """Where to read a padded row from: mirrored at its first and last sample.

    Args:
        size: samples of the row, at least 1.
        radius: samples to add on either side; may exceed ``size``.

    Returns:
        int64 [size + 2 * radius] in 0 .. size - 1.
    """
    if size == 1:
        return torch.zeros(1 + 2 * radius, dtype=torch.int64)
    period = 2 * (size - 1)
    index = torch.arange(-radius, size + radius) % period
    return torch.where(index < size, index, period - index)
