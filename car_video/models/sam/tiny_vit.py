"""MobileSAM's image encoder with less work: the same function as timm's TinyViT.

Cells of padding are all alike, so they are projected once instead of window by window: with
windows of 14 cells a frame of 36 x 64 cells is padded by a quarter. Activations are applied by
the convolutions (:mod:`car_video.models.fused_convolution`), attention is fused, and sums are
made in place. Batch norms have to be folded into the convolutions before.

Source: TinyViT (arXiv 2207.10666); timm's ``tiny_vit_5m_224``.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from timm.models.tiny_vit import ConvLayer, TinyVitBlock
from torch import Tensor, nn

from car_video.models.fused_convolution import convolved


def tiny_vit_features(trunk: Any, pixels: Tensor) -> Tensor:
    """What ``trunk.forward_features`` gives, without a gradient.

    Args:
        trunk: timm's network, its batch norms folded.
        pixels: [B, 3, H, W], ``channels_last``, of the network's dtype.

    Returns:
        [B, C, h, w], ``channels_last``.
    """
    first = trunk.patch_embed
    x = convolved(pixels, first.conv1.conv, "gelu")
    x = convolved(x, first.conv2.conv)
    for stage in trunk.stages:
        if isinstance(stage, ConvLayer):
            for block in stage.blocks:
                x = _gelu(_three_convolutions(block, x).add_(x))
            continue
        if not isinstance(stage.downsample, nn.Identity):
            x = _three_convolutions(stage.downsample, x)
        x = x.permute(0, 2, 3, 1)
        for block in stage.blocks:
            x = _attention_block(block, x)
        x = x.permute(0, 3, 1, 2)
    return x


def _gelu(x: Tensor) -> Tensor:
    """In place."""
    return torch.ops.aten.gelu_(x)


def _three_convolutions(block: Any, x: Tensor) -> Tensor:
    """``MBConv`` before its sum, and ``PatchMerging``."""
    x = convolved(x, block.conv1.conv, "gelu")
    x = convolved(x, block.conv2.conv, "gelu")
    return convolved(x, block.conv3.conv)


def _attention_block(block: TinyVitBlock, x: Tensor) -> Tensor:
    """A block on cells [B, H, W, C]: attention in windows, a convolution, and the MLP."""
    attention, mlp = block.attn, block.mlp
    x = attention.proj(_in_windows(attention, x, block.window_size)).add_(x)
    x = convolved(x.permute(0, 3, 1, 2), block.local_conv.conv).permute(0, 2, 3, 1)
    return mlp.fc2(_gelu(mlp.fc1(mlp.norm(x)))).add_(x)


def _in_windows(attention: Any, x: Tensor, side: int) -> Tensor:
    """Attention within windows of side x side cells, before the last projection.

    Args:
        attention: timm's layer.
        x: cells [B, H, W, C]; cells of zeros below and to the right fill up the windows.
        side: of a window.

    Returns:
        [B, H, W, D], contiguous.
    """
    batch, height, width, _ = x.shape
    below, right = -height % side, -width % side
    projected = attention.qkv(attention.norm(x))
    if below or right or torch.jit.is_tracing():  # a trace is for pictures of any size
        padding = attention.qkv(attention.norm.bias)  # a cell of zeros, normalised
        whole = padding.expand(batch, height + below, width + right, -1).clone()
        whole[:, :height, :width] = projected
        projected = whole
    rows, columns = (height + below) // side, (width + right) // side
    windows = projected.view(batch, rows, side, columns, side, -1).transpose(2, 3)
    windows = windows.reshape(batch * rows * columns, side**2, attention.num_heads, -1)
    sizes = [attention.key_dim, attention.key_dim, attention.val_dim]
    query, key, value = windows.transpose(1, 2).split(sizes, -1)
    bias = attention.get_attention_biases(x.device)[None]
    attended = F.scaled_dot_product_attention(query, key, value, bias)
    cells = attended.transpose(1, 2).reshape(batch, rows, columns, side, side, -1)
    cells = cells.transpose(2, 3).reshape(batch, rows * side, columns * side, -1)
    return cells[:, :height, :width].contiguous()
