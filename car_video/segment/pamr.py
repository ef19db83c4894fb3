"""PAMR: masks spread over pixels of like colour, a few local steps (the fast option).

Araslanov and Roth, "Single-Stage Semantic Segmentation from Image Labels" (CVPR 2020), section
3.3: every pixel becomes a convex combination of its neighbours at several dilations, weighted
by how like their colours are on the scale of the local contrast. Affinities are computed once
per image and applied a fixed number of times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from car_video.errors import ConfigError

_AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


@dataclass(frozen=True)
class PamrConfig:
    """Constants of PAMR; the defaults are the paper's."""

    iterations: int = 10
    dilations: tuple[int, ...] = (1, 2, 4, 8, 12, 24)  # pixels; 8 neighbours at each
    contrast: float = 0.1  # colour distance is measured in this share of the local deviation

    def __post_init__(self) -> None:
        if self.iterations < 0:
            raise ConfigError(f"pamr.iterations must be 0 or more, got {self.iterations!r}")
        if not self.dilations or any(d < 1 for d in self.dilations):
            raise ConfigError(
                f"pamr.dilations must be one or more whole numbers from 1, "
                f"got {self.dilations!r}"
            )
        if not self.contrast > 0:
            raise ConfigError(f"pamr.contrast must be above 0, got {self.contrast!r}")


def pixel_affinity(images: Tensor, config: PamrConfig) -> Tensor:
    """How much each pixel takes over from each of its neighbours.

    Args:
        images: float32 [B, 3, H, W] in [0, 1].
        config: dilations and contrast.

    Returns:
        float32 [B, K, H, W], summing to 1 over the K = 8 * len(dilations) neighbours, in the
        order of the dilations and, within one, row by row.
    """
    reach = max(config.dilations)
    padded = functional.pad(images, (reach,) * 4, mode="replicate")
    offsets = _offsets(config)
    deviation = _local_deviation(images, padded, config, reach)
    scale = 1.0 / (1e-8 + config.contrast * deviation)
    likeness = [
        -((images - _shifted(padded, offset, reach)).abs() * scale).mean(1)
        for offset in offsets
    ]
    return torch.softmax(torch.stack(likeness, 1), 1)


def spread(maps: Tensor, affinity: Tensor, config: PamrConfig) -> Tensor:
    """Replace every value by the affine mean of its neighbours', a number of times.

    Args:
        maps: float32 [B, C, H, W].
        affinity: what :func:`pixel_affinity` returned.
        config: dilations and number of steps.

    Returns:
        float32 [B, C, H, W] in the range of ``maps``.
    """
    reach = max(config.dilations)
    offsets = _offsets(config)
    for _ in range(config.iterations):
        padded = functional.pad(maps, (reach,) * 4, mode="replicate")
        maps = torch.zeros_like(maps)
        for number, offset in enumerate(offsets):
            maps = maps.addcmul_(
                _shifted(padded, offset, reach), affinity[:, number : number + 1]
            )
    return maps


def refine_pamr(
    images: NDArray[np.uint8] | Tensor, proposals: Tensor, config: PamrConfig | None = None
) -> Tensor:
    """Refine soft masks by the colours of their image.

    Args:
        images: uint8 [H, W, 3] or [B, H, W, 3], RGB.
        proposals: float [N, H, W] or [B, N, H, W]; computed where these are.
        config: the paper's constants by default.

    Returns:
        float32 of the shape of ``proposals``, in their range.

    Raises:
        ValueError: image and proposals do not have the same size.
    """
    config = config or PamrConfig()
    single = proposals.ndim == 3
    maps = (proposals[None] if single else proposals).float()
    if isinstance(images, np.ndarray) and not images.flags.writeable:
        images = images.copy()
    batch = torch.as_tensor(images, device=proposals.device)
    batch = batch if batch.ndim == 4 else batch[None]
    if batch.shape[:3] != (maps.shape[0], *maps.shape[2:]) or batch.shape[3:] != (3,):
        raise ValueError(
            f"want images [B, H, W, 3] and proposals [B, N, H, W] of one size, "
            f"got {tuple(batch.shape)} and {tuple(maps.shape)}"
        )
    if maps.shape[1] == 0:
        return proposals.float()
    affinity = pixel_affinity(batch.permute(0, 3, 1, 2).float() / 255.0, config)
    refined = spread(maps, affinity, config)
    return refined[0] if single else refined


def _offsets(config: PamrConfig) -> list[tuple[int, int]]:
    return [(y * d, x * d) for d in config.dilations for y, x in _AROUND]


def _shifted(padded: Tensor, offset: tuple[int, int], reach: int) -> Tensor:
    """View of each pixel's neighbour at an offset (y, x); the border repeats."""
    height, width = padded.shape[-2] - 2 * reach, padded.shape[-1] - 2 * reach
    return padded.narrow(-2, reach + offset[0], height).narrow(-1, reach + offset[1], width)


def _local_deviation(images: Tensor, padded: Tensor, config: PamrConfig, reach: int) -> Tensor:
    """[B, 3, H, W]: standard deviation over the neighbours and the pixel itself.

    The pixel counts once per dilation, and the estimate is the unbiased one, as in the
    authors' code.
    """
    count = 9 * len(config.dilations)
    total = images * len(config.dilations)
    for offset in _offsets(config):
        total = total + _shifted(padded, offset, reach)
    mean = total / count
    squares = (images - mean) ** 2 * len(config.dilations)
    for offset in _offsets(config):
        squares = squares + (_shifted(padded, offset, reach) - mean) ** 2
    return torch.sqrt(squares / (count - 1))
