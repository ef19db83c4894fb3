"""A tiny vision-language model: fixed random projections, no weights."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from car_video.models.base import Family, ImageFeatures
from car_video.models.numerics import in_standard_torch


class FakeModel:
    """Implements ``VisionLanguageModel``; counts what it is asked to encode."""

    name = "fake"
    family: Family = "conv"
    embed_dim = 12
    stride = 8
    input_size = 16
    logit_scale = 20.0
    device = torch.device("cpu")
    dense_matches_text = False
    nouns = None
    encodes_batches = True

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.projection = torch.randn(3 * 16, self.embed_dim, generator=generator)
        self.cell_projection = torch.randn(3, self.embed_dim, generator=generator)
        self.texts: list[str] = []
        self.pictures = 0

    def truncates(self, text: str) -> bool:
        return False

    @in_standard_torch
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        self.texts += texts
        if not texts:
            return torch.zeros(0, self.embed_dim)
        rows = [
            torch.randn(
                self.embed_dim, generator=torch.Generator().manual_seed(zlib.crc32(t.encode()))
            )
            for t in texts
        ]
        return functional.normalize(torch.stack(rows), dim=-1)

    @in_standard_torch
    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        grid = (pixels.shape[-2] // self.stride, pixels.shape[-1] // self.stride)
        cells = functional.adaptive_avg_pool2d(pixels, grid)
        dense = torch.einsum("bchw,cd->bdhw", cells - 0.5, self.cell_projection)
        return ImageFeatures(cells, dense.mean((2, 3)), dense)

    @in_standard_torch
    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        self.pictures += len(pixels)
        assert pixels.shape[1:] == (3, self.input_size, self.input_size)
        small = functional.adaptive_avg_pool2d(pixels, 4).flatten(1)
        return (small - small.mean(1, keepdim=True)) @ self.projection

    @in_standard_torch
    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        return directions @ self.cell_projection.T

    @in_standard_torch
    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        assert features.dense is not None
        weights = masks.flatten(2)
        total = weights.sum(-1, keepdim=True)
        pooled = weights @ features.dense.flatten(2).transpose(1, 2)
        return torch.where(total > 0, pooled / total.clamp_min(1e-12), 0.0)
