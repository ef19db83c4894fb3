"""Joint upsampling: a small map gets the edges of a large image (fast guided filter).

He and Sun, "Fast Guided Filter" (2015): in every small window the map is an affine function of
the image's colours; the coefficients are found at the low resolution and applied at the high
one. Everything that depends on the image alone is computed once and serves any number of maps.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from car_video.segment.blur import sliding_sum

GUIDE_RADIUS = 2
"""Radius of the guided filter's windows, in cells of the map. It depends on the backbone's
stride."""
GUIDE_EPSILON = 1e-3
"""Variance of colours in [0, 1] below which a window counts as flat: edges fainter than 3 % of
the range (the square root) are ignored."""


class GuidedUpsampler:
    """Affine colour models of a batch of images, ready to upsample maps.

    Args:
        small: float32 [B, 3, h, w] in [0, 1]: the image at the resolution of the maps.
        large: float32 [B, 3, H, W] in [0, 1]: the image at the wanted resolution.
        radius: of the windows, in cells of the map.
        epsilon: variance of colour below which a window counts as flat.
    """

    def __init__(self, small: Tensor, large: Tensor, radius: int = 2, epsilon: float = 1e-4):
        self.large = large
        self.radius = radius
        self.small = small
        self.share = 1.0 / self._window_sum(torch.ones_like(small[0, 0]))
        self.mean = self._window_mean(small)
        covariance = {}
        for i in range(3):
            for j in range(i, 3):
                product = self._window_mean(small[:, i] * small[:, j])
                covariance[i, j] = product - self.mean[:, i] * self.mean[:, j]
            covariance[i, i] = covariance[i, i] + epsilon
        self.inverse = _inverse_symmetric(covariance)

    def __call__(self, maps: Tensor) -> Tensor:
        """Upsample maps.

        Args:
            maps: float32 [B, C, h, w].

        Returns:
            float32 [B, C, H, W]; values may leave the range of ``maps`` a little.
        """
        if maps.shape[-2:] != self.small.shape[-2:]:
            raise ValueError(
                f"maps: want [B, C, {self.small.shape[-2]}, {self.small.shape[-1]}], "
                f"got {tuple(maps.shape)}"
            )
        return torch.cat([self._upsample(maps[:, c]) for c in range(maps.shape[1])], 1)

    def model(self, single: Tensor) -> Tensor:
        """The affine function of the colours that each cell of a map is.

        Args:
            single: float32 [B, h, w].

        Returns:
            float32 [B, 4, h, w]: three slopes and the offset, means over the windows that hold
            the cell.
        """
        mean = self._window_mean(single)
        with_colour = self._window_mean(self.small * single[:, None])
        with_colour = with_colour - self.mean * mean[:, None]
        slope = torch.stack(
            [(torch.stack(row, 1) * with_colour).sum(1) for row in self.inverse], 1
        )
        offset = mean - (slope * self.mean).sum(1)
        return self._window_mean(torch.cat([slope, offset[:, None]], 1))

    def _upsample(self, single: Tensor) -> Tensor:
        """[B, h, w] -> [B, 1, H, W]."""
        model = functional.interpolate(
            self.model(single), self.large.shape[-2:], mode="bilinear", align_corners=False
        )
        return (model[:, :3] * self.large).sum(1, keepdim=True) + model[:, 3:]

    def _window_mean(self, values: Tensor) -> Tensor:
        """Mean over the part of each window that lies in the picture."""
        return self._window_sum(values) * self.share

    def _window_sum(self, values: Tensor) -> Tensor:
        ones = [1.0] * (2 * self.radius + 1)
        padded = functional.pad(values, (self.radius,) * 4)
        return sliding_sum(sliding_sum(padded, ones, -1), ones, -2)


def _inverse_symmetric(m: dict[tuple[int, int], Tensor]) -> list[list[Tensor]]:
    """Inverse of symmetric 3 x 3 matrices given by their upper triangle, by cofactors."""
    a, b, c = m[0, 0], m[0, 1], m[0, 2]
    d, e, f = m[1, 1], m[1, 2], m[2, 2]
    aa, ab, ac = d * f - e * e, c * e - b * f, b * e - c * d
    bb, bc, cc = a * f - c * c, b * c - a * e, a * d - b * b
    scale = 1.0 / (a * aa + b * ab + c * ac)
    aa, ab, ac, bb, bc, cc = (x * scale for x in (aa, ab, ac, bb, bc, cc))
    return [[aa, ab, ac], [ab, bb, bc], [ac, bc, cc]]


def enlarge_guided(maps: Tensor, pixels: Tensor) -> Tensor:
    """[Q, h, w] -> [Q, H, W] along the edges of the picture (fast guided filter).

    A cell is many pixels wide: bilinear masks are blobs without edges. Measured on
    ref-davis-dev (every 20th frame, ``--refine none``): J&F 0.36 bilinear, 0.50 guided.

    Args:
        maps: in [0, 1].
        pixels: [1, 3, H, W] in [0, 1].
    """
    size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
    if not len(maps):
        return maps.new_zeros(0, *size)
    small = functional.interpolate(pixels, tuple(maps.shape[-2:]), mode="area")
    guided = GuidedUpsampler(small, pixels, radius=GUIDE_RADIUS, epsilon=GUIDE_EPSILON)
    return guided(maps[None])[0].clamp(0, 1)
