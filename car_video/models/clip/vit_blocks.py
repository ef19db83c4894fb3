"""Forward pass of open_clip's transformer blocks, keeping what segmentation needs of it.

The blocks' own ``forward`` hides attention maps and runs every token to the end; here the
same weights are applied by functions that return the maps, or only the row that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor

from car_video.models.clip.layers import UnsupportedLayer, check_activation, layer_norm
from car_video.models.numerics import wide

ATTENTION_BUDGET = 1 << 24
"""Entries of attention maps held at once while they are averaged over heads (64 MB)."""


def check_block(block: ResidualAttentionBlock) -> None:
    """Raise :class:`UnsupportedLayer` unless the functions below do what the block does."""
    if type(block) is not ResidualAttentionBlock or hasattr(block, "ln_1_kv"):
        raise UnsupportedLayer(f"block {type(block).__name__}")
    attention = block.attn
    if not attention._qkv_same_embed_dim or attention.bias_k is not None:
        raise UnsupportedLayer("attention with separate key and value widths")
    if attention.in_proj_bias is None or not attention.batch_first:
        raise UnsupportedLayer("attention without bias or not batch first")
    check_activation(block.mlp.gelu)


def heads_of(block: ResidualAttentionBlock, normed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values, each [B, H, L, d], of tokens [B, L, D] after ``ln_1``."""
    attention = block.attn
    batch, length, width = normed.shape
    qkv = F.linear(normed, attention.in_proj_weight, attention.in_proj_bias)
    qkv = qkv.view(batch, length, 3, attention.num_heads, width // attention.num_heads)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    return q, k, v


def merge_heads(block: ResidualAttentionBlock, context: Tensor) -> Tensor:
    """Output projection (and layer scale) of per-head results [B, H, L, d]: [B, L, D]."""
    merged = context.transpose(1, 2).flatten(2)
    # A layer scale stays float32 in mixed precision.
    return block.ls_1(block.attn.out_proj(merged)).to(context.dtype)


def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(d)) [B, H, L, L] in at least float32."""
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    return wide(scores).softmax(-1)


def mlp(block: ResidualAttentionBlock, x: Tensor) -> Tensor:
    """The second half of a block with its residual: x + mlp(ln_2(x))."""
    return x + block.ls_2(block.mlp(layer_norm(x, block.ln_2))).to(x.dtype)


def run_block(block: ResidualAttentionBlock, x: Tensor) -> Tensor:
    """One block on [B, L, D], attention never written out."""
    q, k, v = heads_of(block, layer_norm(x, block.ln_1))
    return mlp(block, x + merge_heads(block, F.scaled_dot_product_attention(q, k, v)))


def run_block_first_token(block: ResidualAttentionBlock, x: Tensor) -> Tensor:
    """The first token's row [B, 1, D] of :func:`run_block`, the only one a classifier reads."""
    q, k, v = heads_of(block, layer_norm(x, block.ln_1))
    context = F.scaled_dot_product_attention(q[:, :, :1], k, v)
    return mlp(block, x[:, :1] + merge_heads(block, context))


def run_block_with_attention(block: ResidualAttentionBlock, x: Tensor) -> tuple[Tensor, Tensor]:
    """One block on [B, L, D], and its attention averaged over heads, [B, L, L].

    Heads are taken a few at a time, so that all maps never exist together on long sequences.
    """
    q, k, v = heads_of(block, layer_norm(x, block.ln_1))
    batch, heads, length, _ = q.shape
    step = max(1, min(heads, ATTENTION_BUDGET // (batch * length * length)))
    context, total = [], None
    for start in range(0, heads, step):
        part = slice(start, start + step)
        weights = attention_weights(q[:, part], k[:, part])
        context.append(weights.to(v.dtype) @ v[:, part])
        total = weights.sum(1) if total is None else total.add_(weights.sum(1))
    assert total is not None
    x = mlp(block, x + merge_heads(block, torch.cat(context, 1)))
    return x, total.div_(heads)


@dataclass(frozen=True, eq=False)
class LastBlock:
    """Everything the last block computed, for the closed-form gradient.

    Attributes:
        normed: [B, L, D], output of ``ln_1``, which Grad-CAM differentiates by.
        queries, keys, values: [B, H, L, d].
        attention: [B, H, L, L].
        context: [B, H, L, d], attention times values.
        middle: [B, L, D], after the attention's residual.
        hidden: [B, L, M], before the activation of the MLP.
        out: [B, L, D], output of the block.
    """

    normed: Tensor
    queries: Tensor
    keys: Tensor
    values: Tensor
    attention: Tensor
    context: Tensor
    middle: Tensor
    hidden: Tensor
    out: Tensor

    @classmethod
    def run(cls, block: ResidualAttentionBlock, x: Tensor) -> LastBlock:
        """Run the block on [B, L, D]."""
        normed = layer_norm(x, block.ln_1)
        q, k, v = heads_of(block, normed)
        attention = attention_weights(q, k)
        context = attention.to(v.dtype) @ v
        middle = x + merge_heads(block, context)
        hidden = block.mlp.c_fc(layer_norm(middle, block.ln_2))
        out = middle + block.ls_2(block.mlp.c_proj(block.mlp.gelu(hidden))).to(x.dtype)
        return cls(normed, q, k, v, attention, context, middle, hidden, out)
