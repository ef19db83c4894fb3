"""The two Gaussian kernels of the dense CRF, normalised as ``pydensecrf`` does by default."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from car_video.segment.blur import gaussian_taps, sliding_sum
from car_video.segment.refinement.crf.permutohedral import Lattice, build_lattice


class Filter(Protocol):
    """A linear filter over the P pixels of a batch of images."""

    def filter(self, values: Tensor) -> Tensor:
        """[C, P] -> [C, P], not normalised."""
        ...


@dataclass(frozen=True, eq=False)
class Kernel:
    """A filter K with weight and symmetric normalisation: ``weight * D^-1/2 K D^-1/2``.

    Attributes:
        inner: K.
        scale: float32 [1, P]: ``D^-1/2``, D the filter's answer to ones.
        weight: of the kernel in the energy.
        constant: float32 [1, P]: message of beliefs that are 1 everywhere.
    """

    inner: Filter
    scale: Tensor
    weight: float
    constant: Tensor

    @classmethod
    def normalised(
        cls, inner: Filter, points: int, weight: float, device: torch.device
    ) -> Kernel:
        """Measure the filter's mass and normalise by it."""
        mass = inner.filter(torch.ones(1, points, device=device))
        scale = 1.0 / torch.sqrt(mass + 1e-20)
        return cls(inner, scale, weight, inner.filter(scale) * (scale * weight))

    def message(self, beliefs: Tensor) -> Tensor:
        """float32 [C, P] -> [C, P]: the message to each pixel from all pixels."""
        return self.inner.filter(beliefs * self.scale) * (self.scale * self.weight)


@dataclass(frozen=True, eq=False)
class _SpatialLattice:
    """The lattice over the pixel positions of one image, shared by a batch."""

    lattice: Lattice

    def filter(self, values: Tensor) -> Tensor:
        planes = self.lattice.filter(values.reshape(-1, self.lattice.points))
        return planes.reshape(values.shape)


@dataclass(frozen=True, eq=False)
class _SpatialConvolution:
    """The Gaussian itself on the pixel grid, cut off where it is negligible."""

    size: tuple[int, int]
    taps: tuple[list[float], list[float]]  # vertical, horizontal

    def filter(self, values: Tensor) -> Tensor:
        rows, columns = (len(taps) // 2 for taps in self.taps)
        planes = functional.pad(values.reshape(-1, *self.size), (columns, columns, rows, rows))
        planes = sliding_sum(sliding_sum(planes, self.taps[1], -1), self.taps[0], -2)
        return planes.reshape(values.shape)


def spatial_filter(
    size: tuple[int, int], sxy: tuple[float, float], kind: str, device: torch.device
) -> Filter:
    """The smoothness kernel over positions.

    Args:
        size: height and width.
        sxy: standard deviation along y and x, pixels.
        kind: ``"lattice"`` (as pydensecrf) or ``"convolution"`` (the true kernel, to 3
            standard deviations).
    """
    if kind == "lattice":
        return _SpatialLattice(_position_lattice(*size, *sxy, str(device)))
    return _SpatialConvolution(size, (gaussian_taps(sxy[0], 3.0), gaussian_taps(sxy[1], 3.0)))


def bilateral_filter(images: Tensor, sxy: tuple[float, float], srgb: float) -> Filter:
    """The appearance kernel over position and colour.

    Args:
        images: uint8 [B, H, W, 3].
        sxy: standard deviation along y and x, pixels.
        srgb: standard deviation of each colour channel, grey levels.
    """
    batch, height, width = images.shape[:3]
    x, y = _positions(height, width, images.device)
    features = torch.empty(batch, 5, height, width, device=images.device)
    features[:, 0], features[:, 1] = x / sxy[1], y / sxy[0]
    features[:, 2:] = images.permute(0, 3, 1, 2).float() / srgb
    return build_lattice(features.reshape(batch, 5, -1))


def _positions(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y of every pixel, float32 [H, W] each."""
    rows = torch.arange(height, device=device, dtype=torch.float32)
    columns = torch.arange(width, device=device, dtype=torch.float32)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return x, y


@functools.lru_cache(maxsize=4)
def _position_lattice(height: int, width: int, sy: float, sx: float, device: str) -> Lattice:
    """Depends on the size alone: one for all the frames of a video."""
    x, y = _positions(height, width, torch.device(device))
    return build_lattice(torch.stack([x / sx, y / sy]).reshape(2, -1))
