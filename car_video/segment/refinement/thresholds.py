"""A threshold per map (``proposal.threshold_rule: per-map``), for masks without SAM."""

from __future__ import annotations

import torch
from torch import Tensor

GRID = 0.15, 0.86, 0.05
"""Thresholds that are tried: first, end (not included), step; a map's maximum is 1."""
PRIOR_OFFSET = 0.1
"""Added to the common threshold (0.5 becomes 0.6) before its mean with Otsu's is the prior."""
PRIOR_WEIGHT = 60.0
"""Weight of the squared distance from the prior, against the change of log area per unit of
threshold: 0.1 from the prior costs as much as a change of 0.6 per unit. The rule with these
values is measured in docs/benchmarks.md, "Where a map ends"."""
MIN_AREA = 1e-4
"""Least area of a mask, as a share of the picture: 30 pixels of 640 x 480."""


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


def thresholds_per_map(maps: Tensor, enlarged: Tensor, threshold: float) -> Tensor:
    """A threshold for each map: where its area depends least on it, near a prior.

    Maps are stretched to 1 at their maximum, so one threshold for all cuts off most of a thing
    whose best cell stands out, and lets a flat map run over. The prior is the mean of
    :func:`otsu` and the common threshold + :data:`PRIOR_OFFSET`. Where a thing ends, the map
    falls steeply and its area hardly changes with the threshold, as in maximally stable
    extremal regions (Matas et al., BMVC 2002). Measured: docs/benchmarks.md, "Where a map
    ends".

    Args:
        maps: [N, h, w] in [0, 1], as proposed.
        enlarged: [N, H, W] in [0, 1], the same along the edges of the picture.
        threshold: common to all.

    Returns:
        [N], out of :data:`GRID`.
    """
    prior = (otsu(maps) + min(threshold + PRIOR_OFFSET, 1.0)) / 2
    steps = torch.arange(*GRID, device=maps.device, dtype=maps.dtype)
    pixels = enlarged.flatten(1)
    areas = torch.stack([(pixels > step).sum(1) for step in steps], 1)
    least = MIN_AREA * pixels.shape[1]
    change = torch.gradient(areas.clamp_min(least).log(), spacing=GRID[2], dim=1)[0].abs()
    penalty = PRIOR_WEIGHT * (steps - prior[:, None]).square()
    change = change.masked_fill(areas < least, float("inf"))  # too small
    return steps[(change + penalty).argmin(1)]
