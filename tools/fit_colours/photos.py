"""People in photos of *Clothing Co-Parsing*, row by row: what they wear and which colours show.

The dataset (Yang, Luo and Lin: Clothing Co-Parsing by Joint Image Segmentation and Labeling,
CVPR 2014; Apache-2.0) has 1,004 photos of one person each, with a garment's number per pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.io import loadmat

from car_video.segment.cues.colour import balanced, memberships
from car_video.text.parsing.colours import TERMS
from car_video.text.parsing.garments import Zone

ROWS = 64
"""Rows into which a person is cut, from head to foot."""
HEIGHT = 480
"""Pixels to which photos are reduced; people then are as large as in a video."""
LEAST_AREA = 0.01
"""Part of a person that a garment has to be: less is a strap."""

LABELS: dict[Zone, frozenset[str]] = {
    "upper": frozenset(
        """blouse shirt t-shirt top sweater sweatshirt jumper cardigan hoodie vest jacket
        blazer""".split()
    ),
    "coat": frozenset("coat cape".split()),
    "dress": frozenset("dress romper bodysuit".split()),
    "skirt": frozenset(("skirt",)),
    "shorts": frozenset(("shorts",)),
    "trousers": frozenset("pants jeans leggings tights stockings".split()),
    "shoes": frozenset(
        "shoes boots sandals heels pumps loafers sneakers flats wedges clogs".split()
    ),
    "hat": frozenset(("hat",)),
    "hair": frozenset(("hair",)),
    "scarf": frozenset(("scarf",)),
}
"""The dataset's labels of each zone."""
CLOTHES: frozenset[str] = frozenset.union(*LABELS.values(), ("suit",)) - LABELS["hair"]
"""What "in red" may be said of."""


@dataclass(frozen=True)
class Person:
    """One person, in :data:`ROWS` rows from the highest pixel to the lowest.

    Attributes:
        name: of the photo, without its ending.
        pixels: float64 [ROWS], the person's.
        colours: float64 [ROWS, T], sums of the memberships of these pixels in TERMS.
        garments: for each zone worn, float64 [ROWS]: the pixels of it.
        names: for each zone worn, float64 [T]: part of its pixels that each term names best.
    """

    name: str
    pixels: NDArray[np.float64]
    colours: NDArray[np.float64]
    garments: dict[Zone, NDArray[np.float64]]
    names: dict[Zone, NDArray[np.float64]]


def people(folder: Path) -> Iterator[Person]:
    """All people of the dataset with pixel masks, in the order of their numbers.

    Args:
        folder: a checkout: ``photos/``, ``annotations/pixel-level/`` and ``label_list.mat``.
    """
    labels = [str(label[0]) for label in loadmat(folder / "label_list.mat")["label_list"][0]]
    for path in sorted((folder / "annotations/pixel-level").glob("*.mat")):
        numbers = loadmat(path)["groundtruth"]
        height, width = numbers.shape
        size = (round(width * HEIGHT / height), HEIGHT)
        photo = Image.open(folder / "photos" / f"{path.stem}.jpg").convert("RGB")
        small = np.asarray(photo.resize(size, Image.Resampling.BICUBIC))
        worn = np.asarray(Image.fromarray(numbers).resize(size, Image.Resampling.NEAREST))
        if (worn > 0).any():
            yield person(path.stem, small, worn, labels)


def person(
    name: str, photo: NDArray[np.uint8], worn: NDArray[np.uint8], labels: list[str]
) -> Person:
    """The person of one photo.

    Args:
        name: of the photo.
        photo: uint8 [h, w, 3], RGB.
        worn: uint8 [h, w], numbers of ``labels``; 0 is nobody. Not all 0.
        labels: what the numbers stand for.
    """
    pixels = torch.from_numpy(photo.copy()).permute(2, 0, 1).float() / 255
    shown = memberships(balanced(pixels).permute(1, 2, 0)).numpy().astype(np.float64)
    inside = worn > 0
    tall = np.flatnonzero(inside.any(1))
    first, last = int(tall[0]), int(tall[-1])
    rows = (np.arange(len(worn)) - first) * ROWS // (last + 1 - first)
    row = np.broadcast_to(rows[:, None], worn.shape)

    def count(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(row[mask], minlength=ROWS).astype(np.float64)

    colours = np.stack(
        [
            np.bincount(row[inside], shown[..., t][inside], minlength=ROWS)
            for t in range(len(TERMS))
        ],
        axis=1,
    )
    zones: dict[Zone, frozenset[str]] = {**LABELS, "clothes": CLOTHES}
    garments: dict[Zone, NDArray[np.float64]] = {}
    names: dict[Zone, NDArray[np.float64]] = {}
    for zone, some in zones.items():
        mask = np.isin(worn, [n for n, label in enumerate(labels) if label in some])
        if mask.sum() >= LEAST_AREA * inside.sum():
            garments[zone], names[zone] = count(mask), (shown[mask] == 1).mean(0)
    return Person(name, count(inside), colours, garments, names)
