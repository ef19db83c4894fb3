"""Feature memory: from which cells of a few remembered frames the cells of a frame have come.

Every cell of a new frame is compared with the cells near its place in the remembered frames.
The most similar ones vote with whatever label they carried (label propagation over a bounded
memory, as in space-time correspondence networks, arXiv 2006.14613). The features are those of
the backbone, which ran anyway, and one comparison serves all masks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config.video import REMEMBERED, MemoryConfig
from car_video.errors import ConfigError
from car_video.video.state.tensors import State, take

NO_VOTE = 1e-6  # voters with less weight than this together know nothing
TILE = 32 * (32 + 2 * 5)
"""Side of a part of a frame that is compared at once, times the side of the part with what is
around it, in cells. It bounds memory: 21 MB at any size of the frame and of the reach. At the
default size, 512 pixels at a stride of 16, the whole frame of 32 cells a side is one part."""


@dataclass(frozen=True)
class Votes:
    """Which remembered cells vote for each cell of a frame.

    Attributes:
        slots: int64 [n, V] number of the voter's frame among the remembered ones.
        cells: int64 [n, V] number of the voter's cell in that frame.
        weights: [n, V] that sum to one.
        grid: (h, w) with n = h * w.
    """

    slots: Tensor
    cells: Tensor
    weights: Tensor
    grid: tuple[int, int]

    def carry(self, labels: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Labels of remembered frames, moved to this one.

        Args:
            labels: [..., R, n] soft masks on the cells of the remembered frames.
            known: bool [..., R] whether a frame's label means anything.

        Returns:
            [..., h, w] in the range of the labels, and bool [...] whether any voter had one.
        """
        flat = labels.flatten(-2)
        places = self.slots * labels.shape[-1] + self.cells
        votes = flat[..., places] * self.weights
        counted = (known[..., self.slots] * self.weights).sum(-1)
        carried = (votes * known[..., self.slots]).sum(-1) / counted.clamp_min(NO_VOTE)
        return carried.unflatten(-1, self.grid), (counted > NO_VOTE).any(-1)


@dataclass(frozen=True)
class Turnover:
    """Which remembered frame is in which slot after a new one has come.

    Attributes:
        sources: for each slot the number of its slot before; -1: the new frame.
    """

    sources: tuple[int, ...]

    def of(self, old: Tensor, new: Tensor) -> Tensor:
        """What a track keeps for each slot.

        Args:
            old: [Q, K, R, ...] by the slots of before.
            new: [Q, K, ...] of the new frame.
        """
        held = [new if source < 0 else old[:, :, source] for source in self.sources]
        return torch.stack(held, 2)


class FeatureMemory:
    """The features of some past frames, and of one anchor frame.

    The anchor's slot is the last one, ``slots - 1``. The others hold frames from the newest to
    the oldest, as far apart as it takes to reach back to the longest of the wanted ages. Tracks
    keep their labels in the same slots (:class:`Turnover` moves them).

    Args:
        config: see :class:`MemoryConfig`.
    """

    def __init__(self, config: MemoryConfig) -> None:
        self.config = config
        self.depth = REMEMBERED if config.recent_seconds else 1
        self.slots = self.depth + 1
        self.spacing = max(config.recent_seconds, default=0.0) / self.depth
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._keys: list[Tensor | None] = [None] * self.slots
        self._ages: list[float] = []  # seconds from each held frame to the newest one
        self.grid: tuple[int, int] | None = None

    def resize(self, grid: tuple[int, int], labels: Tensor) -> Tensor:
        """Take what is remembered to other cells, for a picture encoded larger or smaller.

        Args:
            grid: (h, w) of the new cells.
            labels: [..., n] on the cells so far.

        Returns:
            The labels on the new cells.
        """
        if self.grid is None or self.grid == grid:
            return labels
        self._keys = [
            None if key is None else F.normalize(resample(key, self.grid, grid), dim=0)
            for key in self._keys
        ]
        labels = resample(labels, self.grid, grid)
        self.grid = grid
        return labels

    @property
    def empty(self) -> bool:
        return self._keys[0] is None

    @property
    def cells(self) -> int:
        """How many cells a remembered frame has."""
        return 0 if self.grid is None else self.grid[0] * self.grid[1]

    def match(self, features: Tensor, seconds: float) -> Votes:
        """Voters for every cell of a new frame; the memory must not be empty.

        Args:
            features: [D, h, w] of the frame, see :func:`unit_features`.
            seconds: since the frame that was remembered last.
        """
        rows, columns = int(features.shape[-2]), int(features.shape[-1])
        held = self._wanted(seconds)
        if self.config.anchor and self._keys[-1] is not None:
            held.append(self.slots - 1)
        keys = [
            key.unflatten(1, (rows, columns))
            for s in held
            if (key := self._keys[s]) is not None
        ]
        count = min(self.config.neighbours, len(held) * rows * columns)
        values = features.new_empty((rows, columns, count), dtype=torch.float32)
        slots = torch.empty_like(values, dtype=torch.int64)
        cells = torch.empty_like(slots)
        radius = reach_in_cells(self.config.reach_sides, (rows, columns))
        for y, x in _tiles((rows, columns), radius):
            best, slot, cell = _match_tile(features, keys, y, x, count, radius)
            values[y, x], slots[y, x], cells[y, x] = best, slot, cell
        numbers = torch.tensor(held, device=features.device)
        weights = (values.flatten(0, 1) / self.config.temperature).softmax(1)
        return Votes(
            numbers[slots.flatten(0, 1)], cells.flatten(0, 1), weights, (rows, columns)
        )

    def _wanted(self, seconds: float) -> list[int]:
        """Slots that are looked up: the newest, and for each wanted age the nearest of those
        that are older than the one before."""
        held = [0]
        ages = [seconds + age for age in self._ages]
        for wanted in sorted(self.config.recent_seconds):
            older = range(held[-1] + 1, len(ages))
            if older:
                held.append(min(older, key=lambda slot: abs(ages[slot] - wanted)))
        return held

    def push(self, features: Tensor, anchor: bool, seconds: float) -> Turnover:
        """Remember a frame as the newest.

        The newest frame so far stays if it is about as far from the one before it as remembered
        frames should be; else the new one takes its place.

        Args:
            features: [D, h, w] of the frame, see :func:`unit_features`.
            anchor: whether it is to be the anchor too.
            seconds: since the frame that was remembered last.
        """
        keys = features.flatten(1)
        self.grid = int(features.shape[-2]), int(features.shape[-1])
        ages = [age + seconds for age in self._ages]
        apart = self._ages[1] if len(ages) > 1 else math.inf
        first = 0 if apart >= self.spacing - seconds / 2 else 1
        sources = [-1, *range(first, self.depth)][: self.depth]
        self._ages = [0.0, *ages[first:]][: self.depth]
        new_anchor = anchor or self._keys[-1] is None
        sources.append(-1 if new_anchor else self.depth)
        self._keys = [keys if source < 0 else self._keys[source] for source in sources]
        return Turnover(tuple(sources))

    def state_dict(self) -> State:
        """``grid`` int64 [2], ``ages`` float64 [R - 1] in seconds, and ``0`` (newest), ``1``,
        ..., ``anchor``, each [D, n]."""
        if self.grid is None:
            return {}
        names = [*map(str, range(self.depth)), "anchor"]
        held = zip(names, self._keys, strict=True)
        state = {name: key for name, key in held if key is not None}
        ages = torch.tensor(self._ages, dtype=torch.float64)
        return {"grid": torch.tensor(self.grid), "ages": ages, **state}

    def load_state_dict(self, state: State, device: torch.device) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.clear()
        if not state:
            return
        rows, columns = take(state, "grid", torch.int64, (2,)).tolist()
        held = sum(name.isdigit() for name in state)
        if held > self.depth:
            raise ConfigError(
                f"the state remembers {held} frames and this segmenter {self.depth}; "
                "memory.recent_seconds of its settings was another"
            )
        self._ages = take(state, "ages", torch.float64, (held,)).tolist()
        names = [*map(str, range(held)), "anchor"]
        keys = [take(state, n, torch.float32, (None, rows * columns)).to(device) for n in names]
        if len({len(key) for key in keys}) != 1:
            raise ConfigError("the state is damaged: its features are of several lengths")
        self._keys = [*keys[:-1], *[None] * (self.depth - held), keys[-1]]
        self.grid = rows, columns


def unit_features(features: Tensor) -> Tensor:
    """Features [D, h, w] of a frame, each cell less the mean cell and of unit length.

    What all cells of a frame share says nothing about which belongs where.
    """
    cells = features.float()
    return F.normalize(cells - cells.mean((1, 2), keepdim=True), dim=0)


def resample(cells: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Cells [..., n] of one grid on those of another, between neighbours."""
    maps = cells.flatten(0, -2).unflatten(-1, old)[None].float()
    moved = F.interpolate(maps, new, mode="bilinear", align_corners=False, antialias=True)
    return moved[0].flatten(1).unflatten(0, cells.shape[:-1]).to(cells.dtype)


def reach_in_cells(sides: float, grid: tuple[int, int]) -> int:
    """A distance in longer sides of the picture, in whole cells of a grid; at least one."""
    return max(1, round(sides * max(grid)))


def _match_tile(
    features: Tensor, keys: list[Tensor], y: slice, x: slice, count: int, radius: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The most similar near cells of a part of a frame.

    Args:
        features: [D, h, w] of the frame.
        keys: [D, h, w] of each remembered frame.
        y: rows of the part.
        x: columns of the part.
        count: V.
        radius: in cells, how far a near cell may be.

    Returns:
        Each [rows, columns, V] of the part: cosines (-inf: no cell), and int64 numbers of
        frames and cells.
    """
    height, width = int(features.shape[-2]), int(features.shape[-1])
    near_y = slice(max(0, y.start - radius), min(height, y.stop + radius))
    near_x = slice(max(0, x.start - radius), min(width, x.stop + radius))
    own = features[:, y, x].flatten(1)
    bank = torch.cat([key[:, near_y, near_x].flatten(1) for key in keys], 1)
    cosines = (own.T @ bank).float()
    far_y = _distances(y, near_y, features.device) > radius
    far_x = _distances(x, near_x, features.device) > radius
    far = far_y[:, None, :, None] | far_x[None, :, None, :]
    window = far.shape[2] * far.shape[3]
    far = far.flatten(2).flatten(0, 1)[:, None]
    cosines = cosines.unflatten(1, (len(keys), window)).masked_fill(far, -torch.inf)
    values, places = cosines.flatten(1).topk(min(count, len(keys) * window), 1)
    missing = count - values.shape[1]
    values = F.pad(values, (0, missing), value=-torch.inf)
    places = F.pad(places, (0, missing))
    place, columns = places % window, near_x.stop - near_x.start
    cells = (near_y.start + place // columns) * width + near_x.start + place % columns
    shape = (y.stop - y.start, x.stop - x.start)
    found = values, places // window, cells
    return tuple(part.unflatten(0, shape) for part in found)


def _tiles(grid: tuple[int, int], radius: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a grid of about equal sides: rows and columns. The more cells lie around them,
    the smaller they are, see :data:`TILE`."""
    longest = max(1, math.isqrt(radius**2 + TILE) - radius)
    rows, columns = (_spans(side, longest) for side in grid)
    return ((y, x) for y in rows for x in columns)


def _spans(side: int, longest: int) -> list[slice]:
    parts = -(-side // longest)
    edges = [side * part // parts for part in range(parts + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]


def _distances(own: slice, near: slice, device: torch.device) -> Tensor:
    """Distances along an axis of cells from cells near them, int64 [own, near]."""
    places = [torch.arange(part.start, part.stop, device=device) for part in (own, near)]
    return (places[0][:, None] - places[1]).abs()
