"""What the colour of a mask says of its being the one meant.

The colour of a garment is looked for where on a person the garment is: a shirt above trousers.
Where that is was measured on photos (``tools/fit_colours``), by bands from the highest pixel
of a mask to its lowest, in two views: of people seen *whole*, and of those whom the lower
border of the picture *cut*s off. In *any* other pose bands say nothing.

How much the colour then says was measured on what people write of their photos: the log-odds
that a mask is the one meant, over the part of the place that has the colour. It is less than
pixels promise, for people call the same colour by different names, and name what is in shade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from car_video.config.number_files import line, numbers, part, read_number_file
from car_video.text.parsing.garments import PLACES, ZONES

View = Literal["whole", "cut", "any"]
VIEWS: tuple[View, ...] = get_args(View)
BANDS = 16
"""Bands from head to foot: one is as high as half a head."""
CUT_WIDTH = 0.25
"""Part of a mask's width along the border from which on it is cut off there: feet are less."""
UPRIGHT = 2.0
"""Height of people seen whole over their width, at least: of those of Clothing Co-Parsing 99 %
have more. Others sit, lie, or are hidden below by something."""
FORM = 1
"""Of the file."""
CPU = torch.device("cpu")

Group = Literal["whole", "part", "clothes"]
GROUPS: tuple[Group, ...] = get_args(Group)
"""What has a line of its own: things of a colour, what they carry, and all zones of clothes."""


@dataclass(frozen=True)
class ColourPlaces:
    """Where colours are looked for, and what they say.

    Attributes:
        profiles: float32 [V, P, BANDS] in [0, 1]: by view the probability that a pixel of a
            band belongs to each of PLACES, of those who wear it.
        slope: float32 [P]: of the log-odds of being the one meant, over the part of the place
            that has the colour.
        offset: float32 [P]: of the same.
    """

    profiles: Tensor
    slope: Tensor
    offset: Tensor

    def to(self, device: torch.device) -> ColourPlaces:
        """On a device."""
        moved = (x.to(device) for x in (self.profiles, self.slope, self.offset))
        return ColourPlaces(*moved)


def group_of(place: str) -> Group:
    """The group of one of PLACES."""
    return "whole" if place == "whole" else "part" if place == "part" else "clothes"


def read_colour_places(path: Path) -> ColourPlaces:
    """From a file that ``tools/fit_colours`` has made.

    Raises:
        ConfigError: no such file, or damaged.
    """
    remedy = "tools/fit_colours makes such files"
    return read_number_file(path, "file of colour numbers", FORM, _from_mapping, remedy)


def _from_mapping(data: Mapping[str, Any]) -> ColourPlaces:
    """Raises ValueError or KeyError for anything else."""
    profiles = torch.ones(len(VIEWS), len(PLACES), BANDS)
    for v, view in enumerate(VIEWS[:-1]):
        rows = part(part(data, "profiles"), view)
        for z, zone in enumerate(ZONES):
            profiles[v, z] = torch.tensor(numbers(rows, zone, BANDS, 0, 1))
    fitted = [line(part(part(data, "lines"), group_of(place))) for place in PLACES]
    slope, offset = torch.tensor(fitted).unbind(1)
    return ColourPlaces(profiles, slope.contiguous(), offset.contiguous())


@cache
def shipped_colour_places(device: torch.device = CPU) -> ColourPlaces:
    """What ships, for any model; copied to a device once."""
    if device != CPU:
        return shipped_colour_places().to(device)
    folder = resources.files("car_video.weights")
    return read_colour_places(Path(str(folder / "colours.json")))


def view_numbers(masks: Tensor) -> Tensor:
    """Numbers in VIEWS of the views that masks [..., h, w] in [0, 1] have: int64 [...].

    A mask of which the last row of the picture holds a quarter of the width is cut off there:
    feet on it are narrower. It has to be as tall as wide, any other one to be
    :data:`UPRIGHT`. Of somebody whose head the first row cuts off nothing is known.
    """
    columns, rows = masks.amax(-2) > 0, masks.amax(-1) > 0
    width, height = columns.sum(-1), rows.sum(-1)
    above, below = (masks[..., n, :].sum(-1) >= CUT_WIDTH * width for n in (0, -1))
    view = torch.where(below, VIEWS.index("cut"), VIEWS.index("whole"))
    least = torch.where(below, 1.0, UPRIGHT) * width
    return torch.where((height < least) | above, VIEWS.index("any"), view)


def band_numbers(masks: Tensor) -> Tensor:
    """The band of each row of masks [..., h, w]: int64 [..., h], 0 at the highest pixel."""
    rows = masks.amax(-1) > 0
    height = rows.shape[-1]
    place = torch.arange(height, device=masks.device)
    first = torch.where(rows, place, height).amin(-1, keepdim=True)
    last = torch.where(rows, place, -1).amax(-1, keepdim=True)
    band = (place - first) * BANDS // (last + 1 - first).clamp_min(1)
    return band.clamp(0, BANDS - 1)


def coloured_shares(
    masks: Tensor, has: Tensor, places: Tensor, among: Tensor, known: ColourPlaces
) -> Tensor:
    """Part of each mask's places that has the colours asked for.

    Args:
        masks: float32 [Q, M, h, w] in [0, 1].
        has: float32 [Q, C, h, w] in [0, 1]: how well cells are of the colours.
        places: int64 [Q, C], numbers in PLACES.
        among: float32 [Q, C]: how many colours each place has; its part of it is all.
        known: where places are.

    Returns:
        float32 [Q, M, C] in [0, 1]; 0 where a mask has no such place.
    """
    of = known.profiles[view_numbers(masks)[:, :, None], places[:, None]]  # [Q, M, C, BANDS]
    band = band_numbers(masks)[:, :, None].expand(*of.shape[:3], -1)
    weight = of.gather(-1, band)  # [Q, M, C, h]
    coloured = torch.einsum("qmhw,qchw->qmch", masks, has)
    looked_at = (weight * masks.sum(-1)[:, :, None]).sum(-1)
    share = (weight * coloured).sum(-1) / looked_at.clamp_min(1e-6)
    return (share * among[:, None]).clamp_max(1)


def colour_odds(
    masks: Tensor,
    has: Tensor,
    places: Tensor,
    among: Tensor,
    known: ColourPlaces | None = None,
) -> Tensor:
    """How much more probable the colours are of the one meant than of another.

    Args:
        masks: float32 [Q, M, h, w] in [0, 1].
        has: float32 [Q, C, h, w] in [0, 1]: how well cells are of the colours.
        places: int64 [Q, C], numbers in PLACES.
        among: float32 [Q, C]: how many colours each place has.
        known: on the same device; by default what ships.

    Returns:
        float32 [Q, M, C]: log of the ratio of both probabilities.
    """
    known = known or shipped_colour_places(masks.device)
    shares = coloured_shares(masks, has, places, among, known)
    return known.slope[places][:, None] * shares + known.offset[places][:, None]
