"""Tiny models whose encoders other back ends may compute."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from car_video.models.encoder import ImageEncoder, digest_of, float32_copy, with_encoder

STRIDE = 4


class TwoMaps(nn.Module):
    """Two maps of random weights."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
            self.second = nn.Conv2d(8, 6, 3, stride=2, padding=1)

    def forward(self, prepared: Tensor) -> tuple[Tensor, Tensor]:
        middle = self.first(prepared).relu()
        return middle, self.second(middle)


class TinyHost:
    """A model that is nothing but an encoder; its mask is where the last map is above 0."""

    name = "tiny"
    encoder: ImageEncoder | None = None
    encoder_name = "the tiny encoder"
    encoder_stride = STRIDE
    usual_side = 64
    device = torch.device("cpu")
    with_encoder = with_encoder

    def __init__(self, seed: int = 0) -> None:
        self.network = TwoMaps(seed).eval().requires_grad_(False)

    @cached_property
    def encoder_digest(self) -> str:
        return digest_of(self.network)

    def prepare(self, pixels: Tensor) -> Tensor:
        return pixels * 2 - 1

    def encode_by_torch(self, prepared: Tensor) -> tuple[Tensor, ...]:
        return self.network(prepared)

    def encoder_network(self) -> nn.Module:
        return float32_copy(self.network)

    def encode_image(self, pixels: Tensor) -> Any:
        return (self.encoder or self.encode_by_torch)(self.prepare(pixels))[1]


def drawn_masks(pair: Any, mask_model: Any) -> list[np.ndarray]:
    """Masks of three pictures of noise, as the proposer of a pair sees them."""
    generator = torch.Generator().manual_seed(1)
    pictures = torch.rand(3, 1, 3, 32, 48, generator=generator)
    with torch.no_grad():
        return [(pair.proposer.encode_image(one)[0, 0] > 0).numpy() for one in pictures]
