"""Feature memory: where the cells of a few remembered frames have gone.

Every cell of the frame looks for its like among the cells near its place in the remembered
frames; the most similar ones vote with whatever was known of them (label propagation over a
bounded memory, as in space-time correspondence networks, arXiv 2006.14613). The features are
those that the frame has paid for anyway, so a look-up costs one matrix product, whatever the
number of masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config.video import MemoryConfig
from car_video.errors import ConfigError
from car_video.video.state.tensors import State, take

NOBODY = 1e-6  # voters with less weight than this together know nothing


@dataclass(frozen=True)
class Votes:
    """Who votes for each cell of the frame.

    Attributes:
        slots: int64 [n, V] which of the remembered frames the voter is in.
        cells: int64 [n, V] which cell of it.
        weights: [n, V] that sum to one.
        similarity: [n] cosine of each cell with its most similar one.
        grid: (h, w) with n = h * w.
    """

    slots: Tensor
    cells: Tensor
    weights: Tensor
    similarity: Tensor
    grid: tuple[int, int]

    def carry(self, labels: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Labels of remembered frames, moved to this one.

        Args:
            labels: [..., R, n] soft masks on the cells of the remembered frames.
            known: bool [..., R] whether a frame's label means anything.

        Returns:
            [..., h, w] in the range of the labels, and bool [...] whether any voter knew.
        """
        flat = labels.flatten(-2)
        places = self.slots * labels.shape[-1] + self.cells
        votes = flat[..., places] * self.weights
        counted = (known[..., self.slots] * self.weights).sum(-1)
        carried = (votes * known[..., self.slots]).sum(-1) / counted.clamp_min(NOBODY)
        return carried.unflatten(-1, self.grid), (counted > NOBODY).any(-1)


class FeatureMemory:
    """The features of the last frames in a ring, and of one anchor frame.

    The anchor's slot is the last one, ``slots - 1``; slot ``k`` holds the frame of age k + 1.
    Tracks keep their labels in the same slots (:meth:`shift` moves them).

    Args:
        config: see :class:`MemoryConfig`.
    """

    def __init__(self, config: MemoryConfig) -> None:
        self.config = config
        self.depth = max(config.recent)
        self.slots = self.depth + 1
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._keys: list[Tensor | None] = [None] * self.slots
        self._near: tuple[tuple[int, int], Tensor] | None = None
        self.grid: tuple[int, int] | None = None

    def resize(self, grid: tuple[int, int], labels: Tensor) -> Tensor:
        """Take what is remembered to other cells, for a picture seen larger or smaller.

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

    @property
    def has_anchor(self) -> bool:
        return self._keys[-1] is not None

    def match(self, features: Tensor) -> Votes:
        """Voters for every cell of a new frame; the memory must not be empty.

        Args:
            features: [D, h, w] of the frame, see :func:`unit_features`.
        """
        grid = (int(features.shape[-2]), int(features.shape[-1]))
        wanted = [age - 1 for age in sorted(set(self.config.recent))]
        if self.config.anchor:
            wanted.append(self.slots - 1)
        held = [slot for slot in wanted if self._keys[slot] is not None] or [0]
        keys = [self._keys[slot] for slot in held]
        bank = torch.cat([key for key in keys if key is not None], 1)
        cosines = (features.flatten(1).T @ bank).float()
        similarity = cosines.amax(1)
        n = cosines.shape[0]
        closed = ~self._neighbourhood(grid)
        cosines = cosines.view(n, len(held), n).masked_fill(closed[:, None], -2.0).flatten(1)
        values, places = cosines.topk(min(self.config.neighbours, cosines.shape[1]), 1)
        slots = torch.tensor(held, device=places.device)[places // n]
        weights = (values / self.config.temperature).softmax(1)
        return Votes(slots, places % n, weights, similarity, grid)

    def push(self, features: Tensor, anchor: bool) -> None:
        """Remember a frame (see :func:`unit_features`) as the newest, and as the anchor too if
        it is to be."""
        keys = features.flatten(1)
        self.grid = int(features.shape[-2]), int(features.shape[-1])
        last = keys if anchor or self._keys[-1] is None else self._keys[-1]
        self._keys = [keys, *self._keys[: self.depth - 1], last]

    def shift(self, old: Tensor, new: Tensor, anchor: bool) -> Tensor:
        """What a track keeps for each slot, after :meth:`push`.

        Args:
            old: [Q, K, R, ...] by the slots of before.
            new: [Q, K, ...] of the frame that was pushed.
            anchor: as given to :meth:`push`.
        """
        recent, last = old[:, :, : self.depth - 1], old[:, :, -1:]
        newest = new[:, :, None]
        return torch.cat([newest, recent, newest if anchor else last], 2)

    def state_dict(self) -> State:
        """``grid`` int64 [2] and ``0`` (newest), ``1``, ..., ``anchor``, each [D, n]."""
        if self.grid is None:
            return {}
        names = [*map(str, range(self.depth)), "anchor"]
        held = zip(names, self._keys, strict=True)
        state = {name: key for name, key in held if key is not None}
        return {"grid": torch.tensor(self.grid), **state}

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
                "memory.recent of its settings was another"
            )
        names = [*map(str, range(held)), "anchor"]
        keys = [take(state, n, torch.float32, (None, rows * columns)).to(device) for n in names]
        if len({len(key) for key in keys}) != 1:
            raise ConfigError("the state is damaged: its features are of several lengths")
        self._keys = [*keys[:-1], *[None] * (self.depth - held), keys[-1]]
        self.grid = rows, columns

    def _neighbourhood(self, grid: tuple[int, int]) -> Tensor:
        """bool [n, n]: which cells are within the radius of which."""
        if self._near is None or self._near[0] != grid:
            y, x = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
            y, x = y.flatten(), x.flatten()
            radius = self.config.radius
            near = (y[:, None] - y).abs().le(radius) & (x[:, None] - x).abs().le(radius)
            device = next(key.device for key in self._keys if key is not None)
            self._near = grid, near.to(device)
        return self._near[1]


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
