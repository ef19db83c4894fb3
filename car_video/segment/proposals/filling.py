"""Things that fill the picture.

Maps are stretched between their lowest and their highest cell, which takes for granted that
some cell is not the thing. Where a thing fills the picture, the stretch makes a part of it the
background, and a map that is high everywhere is zero. So it is asked first whether every
quarter of the picture and a strip along every side is the thing: these are large enough for a
model to name, where single cells of skin, cloth or sheet metal are not, and beside a smaller
thing at least one of them is something else.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

EVEN = 0.5
"""Probability above which a thing is taken to fill the picture: more probable than not."""


def parts(dense: Tensor) -> Tensor:
    """Mean embeddings of the four quarters of a picture and of strips along its four sides.

    A smaller thing in the middle is in every quarter, but it is not along the sides.

    Args:
        dense: [D, h, w], embeddings of cells of any length.

    Returns:
        float32 [D, 8, 1].
    """
    dense = dense.float()
    height, width = (max(1, round(n / 4)) for n in dense.shape[1:])
    strips = (dense[:, :height], dense[:, -height:], dense[..., :width], dense[..., -width:])
    sides = torch.stack([strip.mean((1, 2)) for strip in strips], 1)
    quarters = F.adaptive_avg_pool2d(dense[None], 2)[0].flatten(1)
    return torch.cat([quarters, sides], 1)[..., None]


def lifted(maps: Tensor, fills: Tensor, even: bool = False) -> Tensor:
    """Maps of things that fill the picture, raised until every cell counts as the thing.

    Args:
        maps: [N, h, w] in [0, 1].
        fills: [N] in [0, 1]: how probable it is that each thing fills the picture.
        even: raise them to ``fills`` and no further, for what looks for a border in a map;
            else their higher cells stay higher, for what looks for peaks.

    Returns:
        [N, h, w] in [0, 1]: nowhere below ``fills`` where that is above :data:`EVEN`, else the
        maps as they are.
    """
    floor = torch.where(fills > EVEN, fills, 0.0).to(maps.dtype)[:, None, None]
    if even:
        return torch.where(floor > 0, floor, maps)
    return floor + (1 - floor) * maps


def filled_if_flat(maps: Tensor, fills: Tensor) -> Tensor:
    """Maps in which a flat one is the whole picture if the thing fills it, else zero.

    Args:
        maps: [N, h, w] in [0, 1], stretched: flat ones are zero.
        fills: as of :func:`lifted`.
    """
    flat = maps.amax((-2, -1), keepdim=True) <= 0
    return torch.where(flat, lifted(maps, fills), maps)
