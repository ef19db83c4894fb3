"""A model that sees colours: a cell's embedding is its colour, a text's its colour word.

Exact where the fake model is random, so that what the segmenter should find is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from car_video.config import ExpressionConfig, ProposalConfig, SegmentConfig
from car_video.models.base import Family, ImageFeatures
from car_video.models.numerics import in_standard_torch

COLOURS = ("red", "green", "blue")
GREY = len(COLOURS)


class ColourModel:
    """Implements ``VisionLanguageModel`` with an exact dense map, as ``lite`` does.

    Axes of the joint space: red, green, blue, grey. A text without a colour word is mostly
    grey, and nearer to every colour than that colour is to another, as background words are.
    """

    name = "colours"
    family: Family = "conv"
    embed_dim = 4
    stride = 4
    input_size = 16
    logit_scale = 20.0
    device = torch.device("cpu")
    dense_matches_text = True
    nouns = None
    encodes_batches = True

    def __init__(self) -> None:
        self.frames = 0
        self.batches: list[int] = []

    def truncates(self, text: str) -> bool:
        return False

    @in_standard_torch
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        axes = [next((i for i, c in enumerate(COLOURS) if c in t.lower()), GREY) for t in texts]
        rest = torch.where(torch.tensor(axes) == GREY, 0.4, 0.05)[:, None]
        own = functional.one_hot(torch.tensor(axes, dtype=torch.int64), 4).bool()
        return functional.normalize(torch.where(own, 1.0, rest), dim=-1)

    @in_standard_torch
    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        self.frames += len(pixels)
        self.batches.append(len(pixels))
        dense = self._embed(functional.avg_pool2d(pixels, self.stride))
        return ImageFeatures(dense, dense.mean((2, 3)), dense)

    @in_standard_torch
    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        return self._embed(functional.adaptive_avg_pool2d(pixels, 1))[:, :, 0, 0]

    @in_standard_torch
    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        rows, columns = features.grid
        return directions / (rows * columns)

    @in_standard_torch
    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        assert features.dense is not None
        total = masks.sum((-2, -1))[..., None]
        pooled = torch.einsum("bmhw,bdhw->bmd", masks, features.dense)
        return torch.where(total > 0, pooled / total.clamp_min(1e-9), 0.0)

    @staticmethod
    def _embed(pixels: Tensor) -> Tensor:
        chroma = pixels - pixels.amin(1, keepdim=True)
        return torch.cat([chroma, 1 - chroma.amax(1, keepdim=True)], 1) + 0.05


PLAIN = SegmentConfig(
    refine="none",
    scale="model",  # everyday phrases have no colours, so they do not lie apart
    background=("sky",),
    proposal=ProposalConfig(size=96, affinity=False),
    expression=ExpressionConfig(noun_weight=0.0),
)
"""No refinement, one background word (grey), a grid of 4-pixel cells on 96 x 64 pictures."""

RED, GREEN = (slice(16, 40), slice(8, 40)), (slice(28, 56), slice(60, 88))


def picture(*places: tuple[tuple[slice, slice], tuple[int, int, int]]) -> np.ndarray:
    image = np.full((64, 96, 3), 128, np.uint8)
    for place, colour in places:
        image[place] = colour
    return image


BOTH = picture((RED, (255, 0, 0)), (GREEN, (0, 255, 0)))
