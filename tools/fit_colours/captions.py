"""Captioned photos in which something has a colour, and the mask of it.

A folder of photos as ``tools/build_lite`` reads it: ``captions.tsv`` (path, tab, caption). The
head noun alone is looked for ("a dog" for "a brown dog asleep on a sofa"), without any colour.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from car_video import ImageSegmenter, load_model, load_preset
from car_video.segment.cues.colour import colour_maps
from car_video.text.parsing.colour_words import PEOPLE
from car_video.text.parsing.colours import TargetColour, target_colours
from car_video.text.parsing.expression import parse_expression
from car_video.text.parsing.garments import ZONES

THINGS = frozenset(
    """bus cat dog truck train car motorcycle horse bird bear boat bench van cow airplane bike
    jet""".split()
)
"""Things that the bundled model finds, and of which captions often say the colour."""
SEVERAL = ("men", "people", "kids", "children", "boys", "girls", "ladies", "guys", "family")
"""Ends of words for more than one person: whose clothes it is would not be known."""
SURE = 0.75
"""Least score of a mask that is used."""
LEAST_CELLS = 30
"""Least area of it, in cells of the colour maps."""


@dataclass(frozen=True)
class Caption:
    """What somebody wrote of a photo.

    Attributes:
        photo: its path below the folder.
        head: the noun of what has the colours.
        colours: of it.
    """

    photo: str
    head: str
    colours: tuple[TargetColour, ...]


@dataclass(frozen=True)
class Shown:
    """A caption's thing: mask float32 [h, w] and colours [T, h, w], in [0, 1]."""

    caption: Caption
    mask: Tensor
    maps: Tensor


def captions(folder: Path, people: int, things: int, seed: int = 0) -> list[Caption]:
    """Captions of one person with coloured clothes, and of one coloured thing, in this order;
    at most so many of each, drawn at random."""
    worn, own = [], []
    for line in (folder / "captions.tsv").read_text("utf-8").splitlines():
        photo, text = line.split("\t")[:2]
        text = text.lower().rstrip(". ")
        colours = target_colours(text)
        head = (parse_expression(text).noun_phrase.split() or [""])[-1]
        found = Caption(photo, head, colours)
        if head in PEOPLE and not head.endswith(SEVERAL):
            worn += [found] if any(c.place in ZONES for c in colours) else []
        elif head in THINGS:
            own += [found] if any(c.place == "whole" for c in colours) else []
    dice = random.Random(seed)
    dice.shuffle(worn)
    dice.shuffle(own)
    return worn[:people] + own[:things]


def shown(folder: Path, some: Sequence[Caption], cache: Path) -> Iterator[Shown]:
    """Of captions whose thing is found; masks are kept in ``cache`` and not made again."""
    cache.mkdir(parents=True, exist_ok=True)
    segmenter = None
    for caption in some:
        file = cache / f"{Path(caption.photo).stem}_{caption.head}.npz"
        pixels = _pixels(folder / caption.photo)
        if not file.exists():
            segmenter = segmenter or _colourless()
            score, mask = _found(segmenter, caption.head, pixels)
            np.savez_compressed(file, score=score, mask=mask)
        kept = np.load(file)
        maps = colour_maps(pixels)
        mask = torch.from_numpy(kept["mask"]).float()
        mask = F.adaptive_avg_pool2d(mask[None], (maps.shape[1], maps.shape[2]))[0]
        if kept["score"] >= SURE and int((mask > 0.5).sum()) >= LEAST_CELLS:
            yield Shown(caption, mask, maps)


def _pixels(path: Path) -> Tensor:
    photo = np.asarray(Image.open(path).convert("RGB"))
    return torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float() / 255


def _colourless() -> ImageSegmenter:
    config = load_preset().segment
    expression = replace(config.expression, colour_weight=0.0)
    return ImageSegmenter(load_model("lite"), ["a"], replace(config, expression=expression))


def _found(
    segmenter: ImageSegmenter, head: str, pixels: Tensor
) -> tuple[float, NDArray[np.bool_]]:
    """Score and mask, bool [H, W], of "a HEAD"."""
    segmenter.set_expressions([f"{'an' if head[0] in 'aeiou' else 'a'} {head}"])
    photo = (pixels[0].permute(1, 2, 0) * 255).round().byte().numpy()
    prediction = segmenter.segment(photo)
    return float(prediction.scores[0]), prediction.masks[0]
