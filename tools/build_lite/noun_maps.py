"""How well the map of a noun fits the things that it names, on pictures with class maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from car_video.models import VisionLanguageModel
from eval.data.semantic import Picture

TEMPLATE = "a photo of a {}"
LONG_SIDE = 384
"""Pixels of a picture's longer side: maps of 24 cells, a second a picture."""
IGNORED = 255
VOC_NOUNS = (
    *("airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("dining table", "dog", "horse", "motorcycle", "person", "potted plant", "sheep", "couch"),
    *("train", "television"),
)
"""PASCAL VOC's classes in their order, in words that people use."""


@dataclass(frozen=True)
class NounMap:
    """The map of one noun in one picture that shows it.

    Attributes:
        name: the noun.
        hit: whether the thing covers at least half of the best cell (pointing game).
        soft_iou: sum of the smaller of map and truth over the sum of the larger.
    """

    name: str
    hit: bool
    soft_iou: float


def pixels_of(picture: Image.Image, stride: int) -> Tensor:
    """float32 [1, 3, H, W] in [0, 1]: the whole picture, both sides whole numbers of cells."""
    scale = LONG_SIDE / max(picture.size)
    width, height = (max(1, round(side * scale / stride)) * stride for side in picture.size)
    small = picture.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 255


def cell_shares(truth: NDArray[np.uint8], grid: tuple[int, int], classes: int) -> Tensor:
    """float32 [classes + 2, rows, columns]: which part of each cell is background (0), which
    class (1 ...), and, last, which part does not count."""
    flat = torch.from_numpy(truth.astype(np.int64))
    layers = F.one_hot(flat.masked_fill(flat == IGNORED, classes + 1), classes + 2)
    return F.adaptive_avg_pool2d(layers.permute(2, 0, 1).float()[None], grid)[0]


def score_maps(maps: Tensor, shares: Tensor, names: Sequence[str]) -> list[NounMap]:
    """Scores of the nouns whose things are in the picture.

    Args:
        maps: [names, rows, columns] in [0, 1].
        shares: from :func:`cell_shares`.
        names: of the classes from 1 on.
    """
    counts = 1 - shares[-1]
    found = []
    for number, name in enumerate(names, 1):
        truth, own = shares[number], maps[number - 1] * counts
        if not truth.any():
            continue
        hit = truth.flatten()[own.argmax()] >= 0.5
        iou = torch.minimum(own, truth).sum() / torch.maximum(own, truth).sum()
        found.append(NounMap(name, bool(hit), float(iou)))
    return found


@torch.inference_mode()
def noun_maps(
    model: VisionLanguageModel, pictures: Iterable[Picture], names: Sequence[str]
) -> list[NounMap]:
    """Softmax of the cosines of cells with all class names, against the class maps.

    Args:
        model: dense maps must be comparable with texts.
        pictures: with class maps.
        names: of the classes from 1 on.
    """
    texts = model.encode_text([TEMPLATE.format(name) for name in names])
    found = []
    for picture in pictures:
        with Image.open(picture.image) as image:
            features = model.encode_image(pixels_of(image, model.stride).to(model.device))
        assert features.dense is not None
        cells = F.normalize(features.dense[0], dim=0)
        cosines = torch.einsum("kd,dhw->khw", texts, cells)
        maps = (cosines * model.logit_scale).softmax(0).cpu()
        shares = cell_shares(picture.truth(), features.grid, len(names))
        found += score_maps(maps, shares, names)
    return found


def caption_counts(names: Sequence[str], captions: Sequence[str]) -> dict[str, int]:
    """How many captions have a name, in the singular or with an s."""
    lowered = [caption.lower() for caption in captions]
    counts = {}
    for name in names:
        pattern = re.compile(rf"\b{re.escape(name)}(?:s|es)?\b")
        counts[name] = sum(pattern.search(caption) is not None for caption in lowered)
    return counts


def by_frequency(
    scores: Sequence[NounMap], counts: dict[str, int], edges: Sequence[int] = (10, 100, 1000)
) -> list[tuple[str, int, float, float]]:
    """(range of counts, nouns, pointing game, soft IoU): means over the nouns of their means.

    Args:
        scores: of all pictures.
        counts: of every noun in training captions.
        edges: the first range is below the first of them; the last row is of all nouns.
    """
    groups: dict[str, list[NounMap]] = {}
    for one in scores:
        groups.setdefault(one.name, []).append(one)
    limits: list[int | None] = [0, *edges, None]
    rows = []
    for low, high in [*pairwise(limits), (0, None)]:
        own = [
            some
            for name, some in groups.items()
            if counts[name] >= (low or 0) and (high is None or counts[name] < high)
        ]
        if own:
            label = f"{low}+" if high is None else f"{low}-{high - 1}"
            hits = np.mean([np.mean([one.hit for one in some]) for some in own])
            ious = np.mean([np.mean([one.soft_iou for one in some]) for some in own])
            rows.append((label, len(own), float(hits), float(ious)))
    return rows
