"""Words of place on soft maps: "left" among what the noun lights up, not left of the picture.

A cell counts by how much of the map's own mass lies before it along the direction. Mask
candidates are ranked by :mod:`car_video.segment.cues.place_ranking`. Source: docs/places.md.
"""

from __future__ import annotations

import torch
from torch import Tensor

from car_video.segment.cues.place_tensors import (
    ACROSS,
    DIRECTIONS,
    DOWN,
    PlaceTensors,
    cell_centres,
)

SOFTNESS = 0.35
"""Scale of the soft step along a direction, in parts of a map's mass: at 0.35 the far end of
the map keeps a fifth of its weight, so that a wrong map is not lost."""
ANCHOR_SOFTNESS = 0.05
"""The same beside an anchor, in parts of the picture's side."""
MIDDLE_WIDTH = 0.2
"""Standard deviation of "the middle", in parts of a map's mass."""


def weigh_by_place(
    maps: Tensor, evidence: Tensor, places: PlaceTensors
) -> tuple[Tensor, Tensor]:
    """Maps that fade away from where the places are.

    Along an axis a cell is known by its quantile, the part of the map's mass before it. Depth,
    size and ordinals after the first do not change maps: candidates are ranked by them.

    Args:
        maps: [Q, h, w] in [0, 1].
        evidence: [Q, h, w] in [0, 1].
        places: of the Q queries.

    Returns:
        ``maps`` and ``evidence``, both times the same weights and scaled to the maxima that
        they had. Rows without a place are returned as they were.
    """
    mass = maps * evidence
    qx, qy = (_quantiles(mass.sum(dim)) for dim in (1, 2))
    quantile = torch.stack([qx[:, None].expand_as(maps), qy[..., None].expand_as(maps)], -1)
    rows, columns = maps.shape[-2:]
    x, y = torch.meshgrid(cell_centres(columns, maps), cell_centres(rows, maps), indexing="xy")
    own = quantile[:, None] - 0.5
    from_anchor = torch.stack([x, y], -1) - places.centre[:, :, None, None]
    anchored = (places.anchor >= 0)[..., None, None]
    way = torch.stack([places.weight(ACROSS, maps), places.weight(DOWN, maps)], -1)
    way = way[:, :, None, None]
    along = (torch.where(anchored[..., None], from_anchor, own) * way).sum(-1)
    weight = torch.sigmoid(along / torch.where(anchored, ANCHOR_SOFTNESS, SOFTNESS))
    sure = places.sure[..., None, None]
    weight = torch.where(anchored, 1 - sure + sure * weight, weight)
    middle = places.direction == DIRECTIONS.index("middle")
    near = torch.exp(-own.square().sum(-1) / (2 * MIDDLE_WIDTH**2))
    weight = torch.where(middle[..., None, None], near, weight)
    counts = places.weighs_maps
    weight = torch.where(counts[..., None, None], weight, 1.0).prod(1)
    placed = counts.any(1)[:, None, None]
    return (
        torch.where(placed, _with_maxima_of(maps, maps * weight), maps),
        torch.where(placed, _with_maxima_of(evidence, evidence * weight), evidence),
    )


def _quantiles(mass: Tensor) -> Tensor:
    """Part of the mass [Q, n] before the middle of each entry."""
    part = mass / mass.sum(-1, keepdim=True).clamp_min(1e-9)
    return part.cumsum(-1) - part / 2


def _with_maxima_of(before: Tensor, maps: Tensor) -> Tensor:
    """``maps`` scaled to the maxima of ``before``, both [Q, h, w]."""
    old, new = (m.flatten(1).amax(1)[:, None, None] for m in (before, maps))
    return (maps * (old / new.clamp_min(1e-12))).clamp(max=1.0)
