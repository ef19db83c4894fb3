"""Matching of a feature memory the direct way: every cell with every cell, then the window."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def match(
    features: Tensor,
    keys: Sequence[Tensor],
    neighbours: int,
    radius: int,
    temperature: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Numbers of frames and cells, cosines and weights of the voters, each [n, V].

    Args:
        features: [D, h, w] unit features of the frame.
        keys: [D, h, w] of each remembered frame.
        neighbours: V.
        radius: in cells.
        temperature: of the weights.
    """
    rows, columns = features.shape[-2:]
    n = rows * columns
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    y, x = y.flatten(), x.flatten()
    near = (y[:, None] - y).abs().le(radius) & (x[:, None] - x).abs().le(radius)
    cosines = (features.flatten(1).T @ torch.cat([key.flatten(1) for key in keys], 1)).float()
    cosines = cosines.view(n, len(keys), n).masked_fill(~near[:, None], -torch.inf).flatten(1)
    values, places = cosines.topk(min(neighbours, cosines.shape[1]), 1)
    return places // n, places % n, values, (values / temperature).softmax(1)
