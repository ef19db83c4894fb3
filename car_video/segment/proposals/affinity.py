"""Class-aware affinity: a map spreads to the cells that its own cells attend to.

CLIP-ES (arXiv 2212.09506, section 3.4), as CaR uses it (docs/method.md#affinity). The attention
of the last blocks, made doubly stochastic by a few rounds of Sinkhorn and symmetrised, is a
random walk on the grid. Each map starts the walk inside the boxes around its strong regions.
The walk depends on the frame only: it is computed once for all queries, and applied as
``S (S x)``, never as ``S S``. Convolutional towers have no attention; the similarity of their
features stands in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from car_video.models.base import ImageFeatures
from car_video.models.numerics import wide
from car_video.segment.proposals.gradcam import min_max

RETRY_STEP = 0.1
"""How much the reference lowers the box threshold each time that no cell passes it."""

EIGHT_NEIGHBOURS = np.zeros((3, 3, 3), np.int8)
EIGHT_NEIGHBOURS[1] = 1  # within a map, never from one map of a stack to the next


@dataclass(frozen=True)
class AffinityOptions:
    """How maps are spread.

    Attributes:
        box_threshold: lambda; the walk starts inside the boxes around regions above this
            part of a map's maximum. 0 to 1.
        rounds: of Sinkhorn normalisation (3 in CLIP-ES).
        steps: of the random walk (2 in CLIP-ES).
        temperature: of the softmax over feature similarity, conv families only. 0.1 gives
            rows about as peaked as those of averaged attention.
    """

    box_threshold: float = 0.4
    rounds: int = 3
    steps: int = 2
    temperature: float = 0.1


def feature_affinity(cells: Tensor, temperature: float = 0.1) -> Tensor:
    """Similarity of a map's cells, in the form of an attention.

    The mean cell is subtracted first: features after a ReLU all point the same way.

    Args:
        cells: [B, C, h, w].
        temperature: cosines are divided by it before the softmax.

    Returns:
        float32 [B, n, n], rows sum to 1.
    """
    flat = wide(cells).flatten(2)
    unit = F.normalize(flat - flat.mean(2, keepdim=True), dim=1)
    return (unit.transpose(1, 2) @ unit / temperature).softmax(-1)


def sinkhorn(affinity: Tensor, rounds: int = 3) -> Tensor:
    """Towards a doubly stochastic matrix: columns, then rows to sum 1, ``rounds`` times.

    Args:
        affinity: [B, n, n], >= 0.

    Returns:
        [B, n, n]; after at least one round the rows sum to 1 (zero rows stay zero).
    """
    tiny = torch.finfo(affinity.dtype).tiny
    for _ in range(rounds):
        affinity = affinity / affinity.sum(-2, keepdim=True).clamp_min(tiny)
        affinity = affinity / affinity.sum(-1, keepdim=True).clamp_min(tiny)
    return affinity


def transition(features: ImageFeatures, options: AffinityOptions | None = None) -> Tensor:
    """The random walk of each frame: symmetrised, normalised affinity.

    Args:
        features: B frames; their attention if the family has it, else their feature map.

    Returns:
        [B, n, n].
    """
    options = options or AffinityOptions()
    affinity = features.affinity
    if affinity is None:
        affinity = feature_affinity(features.cam_map, options.temperature)
    walk = sinkhorn(affinity, options.rounds)
    return (walk + walk.transpose(-2, -1)) / 2


def box_masks(maps: Tensor, threshold: float = 0.4) -> Tensor:
    """Union of the boxes around each map's connected regions above a threshold.

    As the reference: on the map in 256 steps, strictly above ``int(threshold * maximum)``;
    where no cell passes, the threshold is lowered until one does. Regions touch by corners
    (8-neighbourhood), which gives the boxes of OpenCV's contours.

    Args:
        maps: [B, N, h, w] in [0, 1].
        threshold: lambda, part of each map's maximum.

    Returns:
        bool [B, N, h, w]; empty for a map that is zero everywhere.
    """
    shape = maps.shape
    # In single precision the maximum is 1 with the reference's epsilon too, so 255 here.
    grey = (255 * maps.detach().float()).to(torch.uint8).cpu().numpy().reshape(-1, *shape[-2:])
    labels, _ = ndimage.label(_above(grey, threshold), EIGHT_NEIGHBOURS)
    inside = np.zeros(grey.shape, bool)
    for plane, y, x in ndimage.find_objects(labels):
        inside[plane, y, x] = True
    return torch.from_numpy(inside.reshape(shape)).to(maps.device)


def _above(grey: NDArray[np.uint8], threshold: float) -> NDArray[np.bool_]:
    """Cells of each map above the threshold, lowered per map until some are."""
    high = grey.max((1, 2), keepdims=True).astype(np.float64)
    level = np.full(high.shape, threshold)
    while True:
        above = grey > (level * high).astype(np.int64)
        lost = ~above.any((1, 2), keepdims=True) & (high > 0) & (level > 0)
        if not lost.any():
            return above
        level = np.where(lost, level - RETRY_STEP, level)


def propagate(walk: Tensor, maps: Tensor, steps: int = 2) -> Tensor:
    """``steps`` steps of the walk for all maps at once.

    Args:
        walk: [B, n, n].
        maps: [B, N, h, w], n = h * w.

    Returns:
        [B, N, h, w].
    """
    x = maps.flatten(2).to(walk.dtype).transpose(1, 2)
    for _ in range(steps):
        x = walk @ x
    return x.transpose(1, 2).reshape(maps.shape)


def refine(walk: Tensor, maps: Tensor, options: AffinityOptions | None = None) -> Tensor:
    """Class-aware affinity of CLIP-ES: maps inside their boxes, spread by the walk.

    Args:
        walk: [B, n, n] from :func:`transition`.
        maps: [B, N, h, w] in [0, 1].

    Returns:
        [B, N, h, w] in [0, 1]; zero maps stay zero.
    """
    options = options or AffinityOptions()
    inside = box_masks(maps, options.box_threshold)
    return min_max(propagate(walk, maps * inside, options.steps))
