"""SAM's mask decoder with the work of a picture shared by its prompts.

The same function as ``SamMaskDecoder`` of transformers (arXiv 2304.02643, appendix A) in
another order. A prompt has about seven tokens and a picture some two thousand cells, so nothing
but thin products may touch the cells: a token's query goes through the key projection instead
of every cell, ``(K x) . q = x . (K' q)``, and values are projected after they are averaged.
Positions are a term of their own, which prompts share, as do the cells themselves until the
first layer has changed them. Measured on one core in bfloat16, 36 x 64 cells, CPU time: eight
points 302 -> 112 ms, one box 39 -> 23 ms.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.models.sam.modeling_sam import (
    SamAttention,
    SamMaskDecoder,
    SamTwoWayAttentionBlock,
)


def decode(
    decoder: SamMaskDecoder,
    image: Tensor,
    positions: Tensor,
    sparse: Tensor,
    multimask: bool,
    dtype: torch.dtype = torch.float32,
) -> tuple[Tensor, Tensor]:
    """Masks for P prompts on one picture.

    Args:
        decoder: whose weights to use.
        image: [1 or P, C, h, w] image embedding plus dense prompts; 1: the same for all.
        positions: [1, C, h, w] positional encoding of the cells.
        sparse: [P, K, C] tokens of the prompts.
        multimask: three masks per prompt, or one.
        dtype: of everything that is as large as the picture; tokens stay float32.

    Returns:
        ``dtype`` logits [P, M, 4h, 4w] and float32 [P, M] the decoder's guess of their IoU.
    """
    rows, columns = image.shape[-2:]
    cells = image.flatten(2).transpose(1, 2).to(dtype)
    cell_positions = positions[0].flatten(1).T.to(dtype)
    own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
    queries = torch.cat([own.expand(len(sparse), -1, -1), sparse.float()], 1)
    tokens = queries  # the first tokens are added as positions in every layer
    for layer in decoder.transformer.layers:
        tokens = _update_tokens(layer, tokens, queries, cells, cell_positions)
        cells = _update_cells(layer, tokens, queries, cells, cell_positions)
    last = decoder.transformer
    attended = token_to_image(
        last.final_attn_token_to_image, tokens + queries, cells, cell_positions
    )
    tokens = last.layer_norm_final_attn(tokens + attended)
    chosen = range(1, decoder.num_mask_tokens) if multimask else range(1)
    mixers = torch.stack(
        [decoder.output_hypernetworks_mlps[i](tokens[:, 1 + i]) for i in chosen], 1
    )
    logits = _upscaled(decoder, cells, mixers, (rows, columns))
    quality = decoder.iou_prediction_head(tokens[:, 0])
    return logits, quality[:, list(chosen)]


def _update_tokens(
    layer: SamTwoWayAttentionBlock,
    tokens: Tensor,
    queries: Tensor,
    cells: Tensor,
    positions: Tensor,
) -> Tensor:
    """Tokens [P, T, C] after self-attention, attention to the cells, and the MLP."""
    if layer.skip_first_layer_pe:
        tokens = _attend(layer.self_attn, tokens, tokens)
    else:
        tokens = tokens + _attend(layer.self_attn, tokens + queries, tokens)
    tokens = layer.layer_norm1(tokens)
    attended = token_to_image(
        layer.cross_attn_token_to_image, tokens + queries, cells, positions
    )
    tokens = layer.layer_norm2(tokens + attended)
    updated: Tensor = layer.layer_norm3(tokens + layer.mlp(tokens))
    return updated


def _attend(attention: SamAttention, query: Tensor, value: Tensor) -> Tensor:
    """Self-attention of few tokens: query and key are the same [P, T, C]."""
    heads = attention.num_attention_heads
    q, k, v = (
        projection(x).unflatten(-1, (heads, -1)).transpose(1, 2)
        for projection, x in (
            (attention.q_proj, query),
            (attention.k_proj, query),
            (attention.v_proj, value),
        )
    )
    attended = F.scaled_dot_product_attention(q, k, v)
    out: Tensor = attention.out_proj(attended.transpose(1, 2).flatten(2))
    return out


def token_to_image(
    attention: SamAttention, query: Tensor, cells: Tensor, positions: Tensor
) -> Tensor:
    """Attention of tokens to the cells of the picture.

    Args:
        attention: the layer.
        query: float32 [P, T, C], with positions.
        cells: [1 or P, n, C]: values, and with ``positions`` keys.
        positions: [n, C] positions of the cells.

    Returns:
        float32 [P, T, C].
    """
    prompts, count = query.shape[:2]
    by_head = _by_head(attention.q_proj(query) * attention.scaling, attention)
    # The bias of keys adds the same to all cells: the softmax cancels it.
    weight = _on_cells(by_head @ attention.k_proj.weight, cells, positions).softmax(-1)
    if len(cells) == 1:
        average = (weight.flatten(0, 1) @ cells[0]).unflatten(0, weight.shape[:2])
    else:
        average = weight @ cells
    value = average.float() @ attention.v_proj.weight.T
    # Each head keeps its own part of the projected average.
    heads = attention.num_attention_heads
    value = value.view(prompts, heads, count, heads, -1).diagonal(dim1=1, dim2=3)
    value = value.permute(0, 1, 3, 2).flatten(2) + attention.v_proj.bias
    out: Tensor = attention.out_proj(value)
    return out


def _update_cells(
    layer: SamTwoWayAttentionBlock,
    tokens: Tensor,
    queries: Tensor,
    cells: Tensor,
    positions: Tensor,
) -> Tensor:
    """Cells [P, n, C] after attention to the tokens."""
    attention = layer.cross_attn_image_to_token
    heads = attention.num_attention_heads
    key = _by_head(attention.k_proj(tokens + queries) * attention.scaling, attention)
    logits = _on_cells(key @ attention.q_proj.weight, cells, positions)
    logits = logits + (key @ attention.q_proj.bias)[..., None].to(logits.dtype)
    weight = logits.unflatten(1, (heads, -1)).softmax(2).flatten(1, 2)
    value = _by_head(attention.v_proj(tokens), attention) @ attention.out_proj.weight.T
    before = cells + attention.out_proj.bias.to(cells.dtype)
    attended = torch.baddbmm(
        before.expand(len(tokens), -1, -1), weight.transpose(1, 2), value.to(cells.dtype)
    )
    norm = layer.layer_norm4
    return F.layer_norm(
        attended,
        norm.normalized_shape,
        norm.weight.to(attended.dtype),
        norm.bias.to(attended.dtype),
        norm.eps,
    )


def _by_head(x: Tensor, attention: SamAttention) -> Tensor:
    """[P, T, D] -> [P, heads * T, D]: for each head a copy that is zero in other heads."""
    heads = attention.num_attention_heads
    mine = torch.eye(heads, device=x.device, dtype=x.dtype).repeat_interleave(
        x.shape[-1] // heads, 1
    )
    return (x[:, None] * mine[:, None]).flatten(1, 2)


def _on_cells(x: Tensor, cells: Tensor, positions: Tensor) -> Tensor:
    """Products of [P, R, C] with cells [1 or P, n, C] plus positions [n, C]: [P, R, n]."""
    x = x.to(cells.dtype)
    if len(cells) == 1:
        return (x.flatten(0, 1) @ (cells[0] + positions).T).unflatten(0, x.shape[:2])
    shared = (x.flatten(0, 1) @ positions.T).unflatten(0, x.shape[:2])
    return torch.baddbmm(shared, x, cells.transpose(1, 2))


def _upscaled(
    decoder: SamMaskDecoder, cells: Tensor, mixers: Tensor, grid: tuple[int, int]
) -> Tensor:
    """Mask logits [P, M, 4h, 4w] of cells [P, n, C] and mixers [P, M, C / 8].

    Transposed convolutions of stride 2 and size 2 are products per cell; the four places that
    each gives stay an axis of their own until only masks are left to be put in order.
    """
    (rows, columns), prompts = grid, len(cells)
    for convolution, norm in (
        (decoder.upscale_conv1, decoder.upscale_layer_norm),
        (decoder.upscale_conv2, None),
    ):
        weight = convolution.weight.permute(2, 3, 1, 0).flatten(0, 2).to(cells.dtype)
        bias = convolution.bias.repeat(4).to(cells.dtype)
        cells = F.linear(cells, weight, bias).view(prompts, -1, convolution.out_channels)
        if norm is not None:
            weight, bias = norm.weight.to(cells.dtype), norm.bias.to(cells.dtype)
            cells = F.layer_norm(cells, norm.normalized_shape, weight, bias, norm.eps)
        cells = F.gelu(cells)
    masks = mixers.to(cells.dtype) @ cells.transpose(1, 2)
    masks = masks.view(prompts, -1, rows, columns, 2, 2, 2, 2)
    # h, w, then the two upscalings' rows and columns
    return masks.permute(0, 1, 2, 4, 6, 3, 5, 7).reshape(prompts, -1, 4 * rows, 4 * columns)
