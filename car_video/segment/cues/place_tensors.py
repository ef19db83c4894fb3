"""Words of place of queries as tensors, and the positions of their anchors in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import torch
from torch import Tensor

from car_video.text.parsing.places import Direction, Place

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

# Which way each direction points, along x and y; depth is height in the picture, and size.
ACROSS = {"left": -1.0, "right": 1.0}
DOWN = {"top": -1.0, "bottom": 1.0}
LOW = {"front": 1.0, "back": -1.0}
SIZE = {"front": 0.5, "back": -0.5}
AREA = {"biggest": 1.0, "smallest": -1.0}
HEIGHT = {"tallest": 1.0, "shortest": -1.0}
EDGE = 0.5
"""Part of an anchor's maximum above which cells count for its lowest edge."""
NEARLY_ALL = 0.95
"""Part of those cells' mass that lies above the lowest edge: a few stray cells do not count."""


@dataclass(frozen=True)
class PlaceTensors:
    """Places of queries as tensors, P of them at most.

    Attributes:
        direction: int64 [Q, P]: number in :data:`DIRECTIONS`; -1 is padding.
        ordinal: int64 [Q, P], from 1.
        anchor: int64 [Q, P]: number of the anchor's text; -1 compares with things of its kind.
        centre: [Q, P, 2]: x and y of the anchor, in parts of the picture's sides.
        low: [Q, P]: y of the anchor's lowest edge, in parts of the picture's height.
        sure: [Q, P] in [0, 1]: how probable it is that the anchor is in the picture.
    """

    direction: Tensor
    ordinal: Tensor
    anchor: Tensor
    centre: Tensor
    low: Tensor
    sure: Tensor

    @classmethod
    def of(
        cls, places: Sequence[Sequence[Place]], anchors: Sequence[str]
    ) -> PlaceTensors | None:
        """The places of each query; None where no query has any.

        Args:
            places: of Q queries.
            anchors: texts that anchors are among.
        """
        most = max((len(p) for p in places), default=0)
        if not most:
            return None
        table = torch.tensor([-1, 1, -1]).expand(len(places), most, 3).clone()
        for row, own in enumerate(places):
            for column, place in enumerate(own):
                anchor = anchors.index(place.anchor) if place.anchor else -1
                number = DIRECTIONS.index(place.direction)
                table[row, column] = torch.tensor([number, place.ordinal, anchor])
        centre = torch.full((len(places), most, 2), 0.5)
        direction, ordinal, beside = table.unbind(-1)
        low = centre[..., 1].clone()
        return cls(direction, ordinal, beside, centre, low, torch.ones_like(low))

    def __getitem__(self, rows: Tensor) -> PlaceTensors:
        """Those of some queries, int64 or bool [N]."""
        rows = rows.to(self.direction.device)
        return PlaceTensors(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def to(self, device: torch.device) -> PlaceTensors:
        """On a device."""
        return PlaceTensors(*(getattr(self, n).to(device) for n in self.__dataclass_fields__))

    @property
    def has_place(self) -> Tensor:
        """bool [Q]: which queries have a place."""
        return (self.direction >= 0).any(1)

    @property
    def min_count(self) -> Tensor:
        """int64 [Q]: how many things of the kind the places presuppose: "left" two, "the
        middle" and "the second from the left" three, "the fourth" four."""
        alone = (self.direction >= 0) & (self.anchor < 0)
        middle = self.direction == DIRECTIONS.index("middle")
        count = torch.where(middle | (self.ordinal > 1), self.ordinal.clamp_min(3), 2)
        return torch.where(alone, count, 1).amax(1)

    @property
    def weighs_maps(self) -> Tensor:
        """bool [Q, P]: places that soft maps are weighed by: sides and the middle, without an
        ordinal above 1 (except beside an anchor)."""
        side = self.weight(dict.fromkeys((*ACROSS, *DOWN, "middle"), 1.0), self.centre) > 0
        return side & ((self.ordinal == 1) | (self.anchor >= 0))

    def with_anchors(self, anchors: Tensor) -> PlaceTensors:
        """The same places, with the positions that a picture gives their anchors.

        Args:
            anchors: [A, h, w] in [0, 1]: maps of the anchors' texts.
        """
        rows, columns = anchors.shape[-2:]
        mass = anchors.flatten(1).sum(1).clamp_min(1e-9)
        x = (anchors.sum(1) * cell_centres(columns, anchors)).sum(1) / mass
        y = (anchors.sum(2) * cell_centres(rows, anchors)).sum(1) / mass
        strong = anchors * (anchors >= EDGE * anchors.amax((1, 2), keepdim=True))
        above = strong.sum(2).cumsum(1) / strong.sum((1, 2)).clamp_min(1e-9)[:, None]
        low = ((above < NEARLY_ALL).sum(1) + 1).clamp_max(rows) / rows
        centres = torch.stack([x, y], -1)[self.anchor.clamp_min(0)]
        sure = anchors.flatten(1).amax(1)
        return replace(
            self,
            centre=centres,
            low=low[self.anchor.clamp_min(0)],
            sure=sure[self.anchor.clamp_min(0)],
        )

    def weight(self, values: dict[str, float], like: Tensor) -> Tensor:
        """[Q, P] the value of each place's direction, 0 for directions not in ``values``."""
        table = like.new_tensor([values.get(d, 0.0) for d in DIRECTIONS] + [0.0])
        return table[self.direction]


def cell_centres(count: int, like: Tensor) -> Tensor:
    """Centres of ``count`` cells in parts of the side: [count], of the kind of ``like``."""
    return (torch.arange(count, device=like.device, dtype=like.dtype) + 0.5) / count
