"""Masks and object scores from the frozen trunk of ``lite``."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from car_video.models.fcclip.mask_decoder import MaskDecoder, mask_logits
from car_video.models.fcclip.pixel_decoder import PixelDecoder
from car_video.models.lite.model import LiteModel
from tools.build_mask_decoder.recipe import Recipe

Prediction = tuple[Tensor, Tensor]
"""Mask logits [B, Q, h, w], and logits [B, Q, 2] of object and nothing."""


class ObjectMasks(nn.Module):
    """The decoders, and a linear layer that says which queries are objects."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.pixel_decoder = PixelDecoder(recipe.architecture)
        self.mask_decoder = MaskDecoder(recipe.architecture)
        self.is_object = nn.Linear(recipe.width, 2)
        nn.init.normal_(self.pixel_decoder.network.level_embed)
        for layer in self.pixel_decoder.network.encoder.layers:
            start_on_a_ring(layer.self_attn)

    def forward(self, stages: tuple[Tensor, ...]) -> list[Prediction]:
        """Predictions after every layer, the last one last.

        Args:
            stages: of :func:`trunk_stages`.
        """
        pixels = self.pixel_decoder(stages)
        decoded = self.mask_decoder(pixels)
        scores = self.is_object(decoded.normed)
        return [
            (mask_logits(embedding, pixels.mask_features), scores)
            for embedding in decoded.mask_embeddings
        ]


@torch.no_grad()
def start_on_a_ring(attention: Any) -> None:
    """Each head of deformable attention looks in a direction of its own at first (arXiv
    2010.04159, appendix), with equal weights."""
    heads, levels, points = attention.n_heads, attention.n_levels, attention.n_points
    angle = torch.arange(heads) * (2 * math.pi / heads)
    ring = torch.stack([angle.cos(), angle.sin()], -1)
    ring = ring / ring.abs().amax(-1, keepdim=True)
    steps = torch.arange(1, points + 1).view(1, 1, points, 1)
    nn.init.zeros_(attention.sampling_offsets.weight)
    bias = (ring.view(heads, 1, 1, 2) * steps).expand(heads, levels, points, 2)
    attention.sampling_offsets.bias.copy_(bias.reshape(-1))
    nn.init.zeros_(attention.attention_weights.weight)
    nn.init.zeros_(attention.attention_weights.bias)


@torch.no_grad()
def trunk_stages(lite: LiteModel, pixels: Tensor) -> tuple[Tensor, ...]:
    """Stages of the trunk at strides 4, 8, 16 and 32, float32.

    The last stage of ``lite`` is dilated and has stride 16; it is averaged here.

    Args:
        lite: the bundled model.
        pixels: float32 [B, 3, H, W], RGB in [0, 1], sides multiples of 32.
    """
    tower: Any = lite.image
    trunk = tower.trunk
    x = pixels.flip(1) * 255 - tower.mean
    x = x.to(trunk.conv1.weight.dtype).contiguous(memory_format=torch.channels_last)
    x = trunk.maxpool(trunk.act1(trunk.conv1(x)))
    stages = []
    for layer in (trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4):
        x = layer(x)
        stages.append(x)
    stages[3] = F.avg_pool2d(stages[3], 2)
    return tuple(stage.float().contiguous() for stage in stages)
