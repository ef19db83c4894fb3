"""Colours of pixels by name, and how well mask candidates show the colours of their queries.

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

from car_video.segment.cues.colour_places import colour_odds
from car_video.text.parsing.colours import TERMS, TargetColour
from car_video.text.parsing.garments import PLACES

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
LIGHTNESS = 0.6
"""Weight of differences of L* against those of a* and b*: shadow changes L*, not the name."""
BORDER_WIDTH = 12.0
"""Width of the border between two colours, in CIELAB units: the standard deviation of the
Gaussian by which membership falls with the distance beyond the nearest prototype's."""
DARK, LIGHT = 40.0, 60.0
"""L* (0 to 100) at which membership in "dark" and in "light" is one half."""
SHADE_WIDTH = 6.0
"""Scale of the logistic step of both, in units of L*."""
LEVELS = 32
"""Bins of each channel in the table: 8 grey levels a bin, far less than a border."""
SIDE = 128
"""Longest side, in cells, of the grid on which colours are counted."""
NORM = 6
"""Minkowski norm that estimates the colour of the light; 6 is best in Finlayson and Trezzi."""
MAX_CAST = 1.4
"""Largest correction of a channel against the mean: a scene that is all grass stays green."""
WHITE_QUANTILE, MAX_GAIN = 0.97, 1.5
"""Quantile of brightness that becomes white, and the largest factor that may take it there: a
night scene stays dark."""


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
            prototypes = to_lab(lab.new_tensor(examples) / 255)
            apart = (lab[..., None, :] - prototypes) * weight
            distances.append(apart.square().sum(-1).amin(-1))
    squared = torch.stack(distances, -1)
    nearest = squared.amin(-1, keepdim=True)
    names = torch.exp(-(squared - nearest) / (2 * BORDER_WIDTH**2))
    dark = torch.sigmoid((DARK - lab[..., :1]) / SHADE_WIDTH)
    light = torch.sigmoid((lab[..., :1] - LIGHT) / SHADE_WIDTH)
    return torch.cat([names, dark, light], -1)


def balanced(pixels: Tensor) -> Tensor:
    """A picture as under white light, bright enough to have a white: [3, h, w] in [0, 1]."""
    light = pixels.clamp_min(1e-3).pow(NORM).mean((1, 2)).pow(1 / NORM)
    gains = (light.mean() / light).clamp(1 / MAX_CAST, MAX_CAST)
    even = pixels * gains[:, None, None]
    top = torch.quantile(even.amax(0).flatten(), WHITE_QUANTILE).clamp_min(1e-3)
    return (even * (1 / top).clamp(1, MAX_GAIN)).clamp(0, 1)


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
        terms: bool [Q, C, T]: which of :data:`TERMS` count as each colour; none where a query
            has fewer than C colours.
        places: int64 [Q, C]: where a mask should have each, numbers in PLACES.
        among: float32 [Q, C]: how many colours that place has.
        weight: exponent of the factor.
        maps: [T, h, w] of the picture; None before there is one.
    """

    terms: Tensor
    places: Tensor
    among: Tensor
    weight: float = 1.0
    maps: Tensor | None = None

    @classmethod
    def of(
        cls, colours: Sequence[Sequence[TargetColour]], weight: float = 1.0
    ) -> ColourCue | None:
        """The colours of each query; None where no query has any."""
        most = max((len(some) for some in colours), default=0)
        if not most:
            return None
        terms = torch.zeros(len(colours), most, len(TERMS), dtype=torch.bool)
        places = torch.zeros(len(colours), most, dtype=torch.long)
        among = torch.ones(len(colours), most)
        for row, some in enumerate(colours):
            for column, colour in enumerate(some):
                places[row, column] = PLACES.index(colour.place)
                among[row, column] = colour.among
                for term in colour.terms:
                    terms[row, column, TERMS.index(term)] = True
        return cls(terms, places, among, weight)

    def on_picture(self, pixels: Tensor) -> ColourCue:
        """With the colours of a picture, float32 [1, 3, H, W] in [0, 1]."""
        device = pixels.device
        terms, places, among = (x.to(device) for x in (self.terms, self.places, self.among))
        return ColourCue(terms, places, among, self.weight, colour_maps(pixels))

    def __getitem__(self, rows: Tensor) -> ColourCue:
        """Those of some queries, int64 or bool [N]."""
        rows = rows.to(self.terms.device)
        terms, places, among = (x[rows] for x in (self.terms, self.places, self.among))
        return ColourCue(terms, places, among, self.weight, self.maps)

    @property
    def asked(self) -> Tensor:
        """bool [Q, C]: which of the C colours of each query there are."""
        return self.terms.any(-1)

    def match(self, logits: Tensor) -> Tensor:
        """Factors [Q, M] in [0, 1] of masks, logits [Q, M, a, b].

        A colour that is missing makes a mask as much less probable as
        :func:`~car_video.segment.cues.colour_places.colour_odds` says. One that is there
        leaves the factor at 1: else the shirt alone would be better than who wears it. Factors
        of several colours are multiplied, and the product is raised to :attr:`weight`.
        """
        assert self.maps is not None
        size = (int(self.maps.shape[-2]), int(self.maps.shape[-1]))
        masks = F.adaptive_avg_pool2d((logits > 0).float(), size)
        has = torch.where(self.terms[..., None, None], self.maps, 0.0).amax(2)
        against = colour_odds(masks, has, self.places, self.among).clamp_max(0)
        against = torch.where(self.asked[:, None], against, 0.0)
        return torch.exp(self.weight * against.sum(2))
