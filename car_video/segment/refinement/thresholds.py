"""Where a map ends: a threshold of its own for each, instead of one for all."""

from __future__ import annotations

import torch
from torch import Tensor

GRID = 0.15, 0.86, 0.05  # thresholds that are tried: from, below, step
ABOVE = 0.1  # so far above the common threshold lies what is usual, before Otsu has a say
STIFFNESS = 60.0  # growth of log area per unit of threshold that one unit off usual is worth
LEAST = 1e-4  # of the picture: an area below it is nothing


def otsu(maps: Tensor) -> Tensor:
    """The value that parts each map's cells into two classes with the greatest variance between
    them (N. Otsu, IEEE Trans. SMC 9(1), 1979), exact: without a histogram.

    Args:
        maps: [N, h, w], finite.

    Returns:
        [N]: half way between the two cells at the parting; the value of all cells where a map
        has only one.
    """
    precise = torch.promote_types(maps.dtype, torch.float32)
    cells, _ = maps.flatten(1).to(precise).sort(1)
    count = cells.shape[1]
    below = torch.arange(1, count, device=cells.device, dtype=cells.dtype)
    sums = cells.cumsum(1)
    total = sums[:, -1:]
    gap = sums[:, :-1] / below - (total - sums[:, :-1]) / (count - below)
    between = below * (count - below) * gap.square()
    # Equal cells cannot be parted.
    between = torch.where(cells[:, 1:] > cells[:, :-1], between, -1.0)
    if count < 2:
        return maps.flatten(1)[:, 0]
    place = between.argmax(1, keepdim=True)
    parted = (cells.gather(1, place) + cells.gather(1, place + 1)) / 2
    return parted[:, 0].to(maps.dtype)


def own_thresholds(maps: Tensor, enlarged: Tensor, threshold: float) -> Tensor:
    """A threshold for each map: where its area depends least on it, near what is usual.

    Maps are stretched to 1 at their maximum, so one threshold for all cuts off most of a thing
    whose best cell stands out, and lets a flat map run over. Usual is half of :func:`otsu` and
    half of the common threshold. Where a thing ends, the map falls steeply and its area hardly
    changes with the threshold, as in maximally stable extremal regions (Matas et al., BMVC
    2002). Measured: docs/benchmarks.md, "Where a map ends".

    Args:
        maps: [N, h, w] in [0, 1], as proposed.
        enlarged: [N, H, W] in [0, 1], the same along the edges of the picture.
        threshold: common to all.

    Returns:
        [N], out of :data:`GRID`.
    """
    usual = (otsu(maps) + min(threshold + ABOVE, 1.0)) / 2
    steps = torch.arange(*GRID, device=maps.device, dtype=maps.dtype)
    pixels = enlarged.flatten(1)
    areas = torch.stack([(pixels > step).sum(1) for step in steps], 1)
    least = LEAST * pixels.shape[1]
    change = torch.gradient(areas.clamp_min(least).log(), spacing=GRID[2], dim=1)[0].abs()
    strange = STIFFNESS * (steps - usual[:, None]).square()
    change = change.masked_fill(areas < least, float("inf"))  # nothing is left there
    return steps[(change + strange).argmin(1)]
