"""Colours of pixels by name, and how mask candidates meet the colours that are asked for.

A pixel belongs to the colour whose prototype is nearest in CIELAB, and nearly as much to one
that is nearly as near: light changes colours, so the border between two names is wide, and
lightness counts less than hue. The colour of the light itself is taken out first (shades of
grey; Finlayson and Trezzi, 2004). The eleven basic terms are those of Berlin and Kay (1969),
with beige, and dark and light by lightness alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.text.parsing.colours import TERMS, ColourWish

PROTOTYPES = {
    "black": "000000 1a1a1a",
    "white": "ffffff e8e8e8 f5f0e6",
    "grey": "808080 a9a9a9 5a5a5a",
    "red": "ff0000 c00020 8b0000 d04040 5a1020 a03038",
    "green": "00a000 006400 6b8e23 90ee90 2e8b57 143c1e",
    "blue": "0000ff 1e4fa0 000080 87ceeb 4682b4 14284a",
    "yellow": "ffff00 ffd700 f0e68c",
    "orange": "ff8000 e06010",
    "brown": "8b4513 5a3a1a a0724a 6b4a2f",
    "pink": "ffc0cb ff69b4 e08090",
    "purple": "800080 6a3fa0 b080d0",
    "beige": "d2b48c f5deb3",
}
"""sRGB of typical examples of each term."""
LIGHTNESS = 0.6  # weight of lightness in distances
WIDTH = 12.0  # of the border between two names, in units of CIELAB
DARK, LIGHT, SHADE_WIDTH = 40.0, 60.0, 6.0  # lightness where dark ends and light begins
LEVELS = 32  # of each channel in the table
SIDE = 128  # longest side of the grid that colours are counted on
NORM = 6  # of the mean over pixels that stands for the light
CAST = 1.4  # how much more of one channel than of the mean the light may be held to have
BRIGHT, GAIN = 0.97, 1.5  # quantile that should be white, and how far it may be lifted


def to_lab(rgb: Tensor) -> Tensor:
    """sRGB [..., 3] in [0, 1] -> CIELAB [..., 3] under D65."""
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = rgb.new_tensor(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = linear @ matrix.T / matrix.sum(1)
    f = torch.where(xyz > 216 / 24389, xyz.clamp_min(1e-9) ** (1 / 3), xyz * 841 / 108 + 4 / 29)
    x, y, z = f.unbind(-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def memberships(rgb: Tensor) -> Tensor:
    """How well colours [..., 3] in [0, 1] are named by each of :data:`TERMS`: [..., T] in
    [0, 1], 1 for the nearest."""
    lab = to_lab(rgb)
    weight = lab.new_tensor([LIGHTNESS, 1.0, 1.0])
    distances = []
    for term in TERMS:
        if term in PROTOTYPES:
            examples = [list(bytes.fromhex(code)) for code in PROTOTYPES[term].split()]
            own = to_lab(lab.new_tensor(examples) / 255)
            apart = (lab[..., None, :] - own) * weight
            distances.append(apart.square().sum(-1).amin(-1))
    squared = torch.stack(distances, -1)
    nearest = squared.amin(-1, keepdim=True)
    names = torch.exp(-(squared - nearest) / (2 * WIDTH**2))
    dark = torch.sigmoid((DARK - lab[..., :1]) / SHADE_WIDTH)
    light = torch.sigmoid((lab[..., :1] - LIGHT) / SHADE_WIDTH)
    return torch.cat([names, dark, light], -1)


def balanced(pixels: Tensor) -> Tensor:
    """A picture as under white light, bright enough to have a white: [3, h, w] in [0, 1]."""
    light = pixels.clamp_min(1e-3).pow(NORM).mean((1, 2)).pow(1 / NORM)
    gains = (light.mean() / light).clamp(1 / CAST, CAST)
    even = pixels * gains[:, None, None]
    top = torch.quantile(even.amax(0).flatten(), BRIGHT).clamp_min(1e-3)
    return (even * (1 / top).clamp(1, GAIN)).clamp(0, 1)


@cache
def _table() -> Tensor:
    """Memberships [LEVELS ** 3, T] of the middles of all bins."""
    middles = (torch.arange(LEVELS) + 0.5) / LEVELS
    grid = torch.stack(torch.meshgrid(middles, middles, middles, indexing="ij"), -1)
    return memberships(grid.view(-1, 3))


def colour_maps(pixels: Tensor) -> Tensor:
    """Memberships [T, h, w] of a small copy of a picture.

    Args:
        pixels: float32 [1, 3, H, W] in [0, 1].
    """
    height, width = pixels.shape[-2:]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = balanced(F.interpolate(pixels, size, mode="area")[0])
    bins = (small * LEVELS).long().clamp(0, LEVELS - 1)
    codes = (bins[0] * LEVELS + bins[1]) * LEVELS + bins[2]
    return _table().to(pixels.device)[codes].permute(2, 0, 1)


@dataclass(frozen=True)
class ColourCue:
    """Colours that queries ask for, and where a picture has them.

    Attributes:
        wanted: bool [Q, C, T] the terms of each wish, any of which will do.
        part: [Q, C] of a mask that should have the colour; 0: no wish.
        floor: [Q, C] of how well a mask without the colour does.
        weight: exponent of how well a mask does.
        maps: [T, h, w] of the picture; None before there is one.
    """

    wanted: Tensor
    part: Tensor
    floor: Tensor
    weight: float = 1.0
    maps: Tensor | None = None

    @classmethod
    def of(
        cls, wishes: Sequence[Sequence[ColourWish]], weight: float = 1.0
    ) -> ColourCue | None:
        """The wishes of each query; None where no query has any."""
        most = max((len(own) for own in wishes), default=0)
        if not most:
            return None
        wanted = torch.zeros(len(wishes), most, len(TERMS), dtype=torch.bool)
        part, floor = torch.zeros(2, len(wishes), most)
        for row, own in enumerate(wishes):
            for column, wish in enumerate(own):
                part[row, column], floor[row, column] = wish.part, wish.floor
                for term in wish.terms:
                    wanted[row, column, TERMS.index(term)] = True
        return cls(wanted, part, floor, weight)

    def on_picture(self, pixels: Tensor) -> ColourCue:
        """With the colours of a picture, float32 [1, 3, H, W] in [0, 1]."""
        device = pixels.device
        wanted, part, floor = (x.to(device) for x in (self.wanted, self.part, self.floor))
        return ColourCue(wanted, part, floor, self.weight, colour_maps(pixels))

    def __getitem__(self, rows: Tensor) -> ColourCue:
        """Those of some queries, int64 or bool [N]."""
        rows = rows.to(self.part.device)
        wanted, part, floor = (x[rows] for x in (self.wanted, self.part, self.floor))
        return ColourCue(wanted, part, floor, self.weight, self.maps)

    def match(self, logits: Tensor) -> Tensor:
        """How well masks [Q, M, a, b] meet the wishes of their queries: [Q, M] in [0, 1].

        1 where the wanted part of the mask, or more, has the colour; plural wishes multiply,
        and the whole is raised to :attr:`weight`.
        """
        assert self.maps is not None
        size = (int(self.maps.shape[-2]), int(self.maps.shape[-1]))
        masks = F.adaptive_avg_pool2d((logits > 0).float(), size).flatten(2)
        area = masks.sum(2).clamp_min(1e-6)
        has = torch.where(self.wanted[..., None], self.maps.flatten(1), 0.0).amax(2)
        covered = torch.einsum("qmn,qcn->qmc", masks, has) / area[..., None]
        part = self.part[:, None]
        met = torch.maximum(covered / part.clamp_min(1e-6), self.floor[:, None]).clamp_max(1)
        return torch.where(part > 0, met, 1.0).prod(2) ** self.weight
