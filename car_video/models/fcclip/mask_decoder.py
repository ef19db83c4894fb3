"""The masked-attention decoder: queries that look for their object and give it a mask.

Own modules, named as in the checkpoint. Transformers' decoder gives the same masks to rounding
(``tests/models/fcclip/test_decoders.py`` runs both), but starts from its learned queries only
and forms every intermediate mask at full size. Its sine position code is taken.

Source: arXiv 2112.01527 (Mask2Former), section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.mask2former.modeling_mask2former import (
    Mask2FormerSinePositionEmbedding,
)

from car_video.models.fcclip.architecture import LEVELS, Architecture
from car_video.models.fcclip.pixel_decoder import PixelFeatures
from car_video.models.numerics import in_standard_torch


@dataclass(frozen=True)
class DecodedQueries:
    """Q object queries of B pictures after the last layer.

    Attributes:
        states: [B, Q, C]: as the last layer leaves them; another picture's decoder may start
            from them.
        normed: [B, Q, C]: after the decoder's norm; what classes and masks are made from.
        mask_embeddings: [B, Q, C], one set per prediction, that before the first layer first.
    """

    states: Tensor
    normed: Tensor
    mask_embeddings: tuple[Tensor, ...]


class MaskDecoder(nn.Module):
    """Layers of masked cross attention, self attention and a feed-forward network."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width, heads = architecture.width, architecture.heads
        count = architecture.decoder_layers
        self.heads = heads
        self.query_feat = nn.Embedding(architecture.queries, width)
        self.query_embed = nn.Embedding(architecture.queries, width)
        self.level_embed = nn.Embedding(LEVELS, width)
        self.transformer_cross_attention_layers = nn.ModuleList(
            _CrossAttention(width, heads) for _ in range(count)
        )
        self.transformer_self_attention_layers = nn.ModuleList(
            _SelfAttention(width, heads) for _ in range(count)
        )
        self.transformer_ffn_layers = nn.ModuleList(
            _FeedForward(width, architecture.decoder_hidden) for _ in range(count)
        )
        self.decoder_norm = nn.LayerNorm(width)
        self.mask_embed = Mlp((width, width, width, width))
        self._positions = Mask2FormerSinePositionEmbedding(width // 2, normalize=True)

    @in_standard_torch
    def forward(self, pixels: PixelFeatures, start: Tensor | None = None) -> DecodedQueries:
        """
        Args:
            pixels: of the pixel decoder.
            start: [B, Q, C]: states that queries start from; None for the learned ones.

        Returns:
            The queries after the last layer. Masks are :func:`mask_logits`.
        """
        batch = pixels.mask_features.shape[0]
        states = self.query_feat.weight.expand(batch, -1, -1) if start is None else start
        memories = [self._memory(level, i) for i, level in enumerate(pixels.levels)]
        # Resizing is linear over channels, so masks of a level's size are products with
        # features of that size: none of the intermediate masks is formed at stride 4.
        features = [
            F.interpolate(
                pixels.mask_features, level.shape[-2:], mode="bilinear", align_corners=False
            )
            for level in pixels.levels
        ]
        normed = self.decoder_norm(states)
        embeddings = [self.mask_embed(normed)]
        layers = zip(
            self.transformer_cross_attention_layers,
            self.transformer_self_attention_layers,
            self.transformer_ffn_layers,
            strict=True,
        )
        position = self.query_embed.weight
        for index, (cross, own, feed_forward) in enumerate(layers):
            level = index % LEVELS
            allowed = allowed_cells(mask_logits(embeddings[-1], features[level]))
            states = cross(states, position, *memories[level], allowed)
            states = feed_forward(own(states, position))
            normed = self.decoder_norm(states)
            embeddings.append(self.mask_embed(normed))
        return DecodedQueries(states, normed, tuple(embeddings))

    def _memory(self, level: Tensor, index: int) -> tuple[Tensor, Tensor]:
        """Values and keys [B, h * w, C] of one level; only keys carry the position."""
        position = self._positions(level.shape, level.device, level.dtype)
        values = level.flatten(2).transpose(1, 2) + self.level_embed.weight[index]
        return values, values + position.flatten(2).transpose(1, 2)


def mask_logits(embeddings: Tensor, features: Tensor) -> Tensor:
    """Mask logits [B, Q, h, w] of embeddings [B, Q, C] over features [B, C, h, w]."""
    return (embeddings @ features.flatten(2)).unflatten(2, features.shape[-2:])


def allowed_cells(logits: Tensor) -> Tensor:
    """Which cells each query may attend to: bool [B, Q, h * w].

    Args:
        logits: mask logits [B, Q, h, w] at the size of the level.

    Returns:
        True where the mask is on (a probability of 0.5 is on), and everywhere for a query whose
        mask is off everywhere.
    """
    allowed = logits.flatten(2).sigmoid() >= 0.5
    return allowed | ~allowed.any(-1, keepdim=True)


class Mlp(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """[..., first width] -> [..., last width]."""
        for index, layer in enumerate(self.layers):
            x = layer(x) if index == 0 else layer(F.relu(x))
        return x


class _CrossAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.multihead_attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(
        self, states: Tensor, position: Tensor, values: Tensor, keys: Tensor, allowed: Tensor
    ) -> Tensor:
        found = _attend(self.multihead_attn, states + position, keys, values, allowed)
        return self.norm(states + found)


class _SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, states: Tensor, position: Tensor) -> Tensor:
        placed = states + position
        return self.norm(states + _attend(self.self_attn, placed, placed, states))


class _FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, hidden)
        self.linear2 = nn.Linear(hidden, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, states: Tensor) -> Tensor:
        return self.norm(states + self.linear2(F.relu(self.linear1(states))))


def _attend(
    attention: nn.MultiheadAttention,
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    allowed: Tensor | None = None,
) -> Tensor:
    """Torch's multi-head attention, with one mask [B, Q, N] for all heads and fused.

    The module itself would copy the mask once per head.
    """
    weights, biases = attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)
    query, key, value = (
        F.linear(x, weight, bias).unflatten(2, (attention.num_heads, -1)).transpose(1, 2)
        for x, weight, bias in zip((queries, keys, values), weights, biases, strict=True)
    )
    mask = None if allowed is None else allowed.unsqueeze(1)
    found = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return attention.out_proj(found.transpose(1, 2).flatten(2))
