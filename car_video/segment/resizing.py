"""Sizes: a frame to pixels of bounded size, pixels to whole cells of a network, maps back."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

MAX_VALUES = 2**26
"""Values that enlarged maps may hold at once: 256 MiB of float32."""


def bounded(height: int, width: int, longest: int) -> tuple[int, int]:
    """The height and width of a picture shrunk until no side is above ``longest``."""
    scale = min(1.0, longest / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def to_pixels(
    image: NDArray[np.uint8], device: torch.device, longest: int | None = None
) -> Tensor:
    """uint8 [H, W, 3] -> float32 [1, 3, h, w] in [0, 1], no side above ``longest``.

    The picture travels to the device as bytes and shrinks there.
    """
    # Torch warns of arrays that may not be written to (Pillow's), so those are copied.
    image = np.require(image, requirements=["C", "W"])
    pixels = torch.from_numpy(image).to(device)
    pixels = pixels.permute(2, 0, 1)[None].float() / 255
    height, width = image.shape[:2]
    if longest is None or max(height, width) <= longest:
        return pixels
    size = bounded(height, width, longest)
    return F.interpolate(pixels, size, mode="bilinear", align_corners=False, antialias=True)


def cell_size(height: int, width: int, longest: int, stride: int) -> tuple[int, int]:
    """The size that a network sees, in pixels.

    The longest side is about ``longest``. Both sides are whole cells, at least two of them:
    small pictures are enlarged.
    """
    scale = longest / max(height, width)
    cells = (max(2, round(height * scale / stride)), max(2, round(width * scale / stride)))
    return cells[0] * stride, cells[1] * stride


def to_cells(pixels: Tensor, longest: int, stride: int) -> Tensor:
    """Resize [1, 3, H, W] to the size of :func:`cell_size`."""
    size = cell_size(pixels.shape[-2], pixels.shape[-1], longest, stride)
    if size == tuple(pixels.shape[-2:]):
        return pixels
    shrinks = size[0] < pixels.shape[-2] or size[1] < pixels.shape[-1]
    return F.interpolate(pixels, size, mode="bilinear", align_corners=False, antialias=shrinks)


def maps_at_once(count: int, pixels: int) -> int:
    """How many of ``count`` maps of ``pixels`` values are enlarged at once, at least one."""
    return max(1, min(count, MAX_VALUES // max(1, pixels)))


def enlarge_masks(masks: Tensor, size: tuple[int, int]) -> NDArray[np.bool_]:
    """bool [Q, h, w] on any device -> numpy bool [Q, H, W], a few masks at a time."""
    if tuple(masks.shape[-2:]) == size:
        return np.asarray(masks.cpu().numpy())
    found = np.zeros((len(masks), *size), np.bool_)
    step = maps_at_once(len(masks), size[0] * size[1])
    for start in range(0, len(masks), step):
        part = enlarge(masks[start : start + step].float(), size) > 0.5
        found[start : start + step] = part.cpu().numpy()
    return found


def enlarge(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """[Q, h, w] -> [Q, H, W], bilinear."""
    if not len(maps):
        return maps.new_zeros(0, *size)
    return F.interpolate(maps[None], size, mode="bilinear", align_corners=False)[0]
