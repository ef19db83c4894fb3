"""Grad-CAM weights of a pre-norm transformer's last block in closed form.

The method is derived in docs/models.md, "How the closed form works".

Wanted is the gradient of ``<pooled, u>`` with respect to the output of the block's first
layer norm, averaged over the patch tokens, for many directions ``u``. Everything between the
two is differentiated by hand, so that what does not depend on ``u`` is computed once per frame
and no L x L gradient is ever formed:

* the pooled embedding is a mean over patches, so the gradient entering the block is, but for
  the final layer norm, one vector for all of them, and its product with the MLP's second
  matrix is one vector too (a rank-one correction carries the layer norm);
* only the *sum* over patch rows of the gradient is asked for. Shifting all patch keys by one
  vector changes attention only through the class token's column, and the softmax needs only
  column sums of the gradient of the scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn

from car_video.models.clip.layers import activation_slope, standardise, standardise_backward
from car_video.models.clip.vit_blocks import LastBlock
from car_video.models.numerics import wide

ELEMENT_BUDGET = 1 << 25
"""Entries of the largest intermediate tensor (directions x patches x MLP width)."""


@dataclass(frozen=True, eq=False)
class BlockWeights:
    """Weights of the block and the head in the form the backward pass multiplies by.

    ``*_back`` matrices carry gradients from a layer's output to its input; layer norm and
    layer scale factors are folded in.
    """

    head: Tensor  # [E, D]: projection to the joint space with ln_post's factor
    second_back: Tensor  # [D, M]: MLP output -> hidden
    first_back: Tensor  # [M, D]: hidden -> standardised input of ln_2, mean over D removed
    out_back: Tensor  # [D, D]: attention output -> context
    in_back: Tensor  # [3, D, D]: queries, keys, values -> normed
    activation: nn.Module
    mlp_epsilon: float
    post_epsilon: float
    norm_after_pool: bool

    @classmethod
    def of(
        cls,
        block: ResidualAttentionBlock,
        post_norm: nn.LayerNorm,
        projection: Tensor,
        norm_after_pool: bool,
    ) -> BlockWeights:
        """Fold the weights of a block, ``ln_post`` [D] and ``proj`` [D, E]."""
        dtype = block.mlp.c_fc.weight.dtype

        def scale(layer: nn.Module) -> Tensor | float:
            gamma = getattr(layer, "gamma", None)
            return 1.0 if gamma is None else gamma.detach().unsqueeze(1)

        first = block.mlp.c_fc.weight.detach() * block.ln_2.weight.detach()
        width = projection.shape[0]
        return cls(
            head=(projection.detach().T * post_norm.weight.detach()).to(dtype),
            second_back=(scale(block.ls_2) * block.mlp.c_proj.weight.detach()).to(dtype),
            first_back=(first - first.mean(1, keepdim=True)).to(dtype),
            out_back=(scale(block.ls_1) * block.attn.out_proj.weight.detach()).to(dtype),
            in_back=block.attn.in_proj_weight.detach().view(3, width, width),
            activation=block.mlp.gelu,
            mlp_epsilon=block.ln_2.eps,
            post_epsilon=post_norm.eps,
            norm_after_pool=norm_after_pool,
        )


@dataclass(frozen=True, eq=False)
class Tables:
    """What the backward pass needs of a frame and no direction changes; patches only.

    Attributes:
        post_unit, post_deviation: [B, n, D], [B, n, 1] of ``ln_post``; with the norm after
            the pooling [B, 1, D], [B, 1, 1] of the mean patch.
        mlp_unit, mlp_deviation: [B, n, D], [B, n, 1] of ``ln_2``.
        slope: [B, n, M], slope of the activation, over the deviation of ``ln_post``.
        crossed: [B, n, D], share of the standardised output itself in the gradient that
            arrives at ``ln_2``; None with the norm after the pooling.
    """

    post_unit: Tensor
    post_deviation: Tensor
    mlp_unit: Tensor
    mlp_deviation: Tensor
    slope: Tensor
    crossed: Tensor | None

    @classmethod
    def of(cls, last: LastBlock, weights: BlockWeights) -> Tables:
        dtype = last.out.dtype
        mlp_unit, mlp_deviation = standardise(last.middle[:, 1:], weights.mlp_epsilon)
        slope = activation_slope(last.hidden[:, 1:], weights.activation)
        out = last.out[:, 1:]
        if weights.norm_after_pool:
            mean = wide(out).mean(1, keepdim=True)
            post = standardise(mean, weights.post_epsilon)
            return cls(*post, mlp_unit.to(dtype), mlp_deviation.to(dtype), slope, None)
        unit, deviation = standardise(out, weights.post_epsilon)
        unit, deviation = unit.to(dtype), deviation.to(dtype)
        slope = slope / deviation
        crossed = ((unit @ weights.second_back) * slope) @ weights.first_back
        return cls(unit, deviation, mlp_unit.to(dtype), mlp_deviation.to(dtype), slope, crossed)


def pull_back(
    last: LastBlock, tables: Tables, weights: BlockWeights, directions: Tensor
) -> Tensor:
    """Mean over patches of the gradient of ``<pooled, direction>`` at ``last.normed``.

    Args:
        last: one forward pass of the last block, B frames.
        tables: ``Tables.of(last, weights)``.
        weights: of the same block.
        directions: [B, N, E].

    Returns:
        [B, N, D], at least float32.
    """
    batch = directions.shape[0]
    patches, hidden = tables.slope.shape[1:]
    step = max(1, ELEMENT_BUDGET // (batch * patches * hidden))
    # Unit length first, the length put back last: float16 neither overflows nor underflows.
    length = directions.norm(dim=-1, keepdim=True)
    units = directions / length.clamp_min(torch.finfo(length.dtype).tiny)
    parts = [
        _attention_back(last, weights, _context_gradient(tables, weights, part))
        for part in units.to(last.out.dtype).split(step, dim=1)
    ]
    if not parts:
        return directions.new_zeros(batch, 0, last.normed.shape[-1])
    result = torch.cat(parts, 1)
    # One 1 / n is the pooling's mean over patches, the other the mean of the gradient.
    return result * (length / patches**2).to(result.dtype)


def _context_gradient(tables: Tables, weights: BlockWeights, directions: Tensor) -> Tensor:
    """Gradient at the attention's context, [B, N, n, D], times the number of patches.

    The class token's row is zero: the pooling does not read it.
    """
    width = weights.head.shape[1]
    entering = directions @ weights.head  # [B, N, D]
    if tables.crossed is None:
        unit = tables.post_unit
        entering = standardise_backward(entering, unit, tables.post_deviation)
        entering = entering.to(weights.head.dtype)
        out = entering.unsqueeze(2)
        correction: Tensor | None = None
    else:
        entering = entering - entering.mean(-1, keepdim=True)
        share = (entering @ tables.post_unit.transpose(1, 2) / width).unsqueeze(-1)
        out = entering.unsqueeze(2) - tables.post_unit.unsqueeze(1) * share
        out = out / tables.post_deviation.unsqueeze(1)
        correction = share * tables.crossed.unsqueeze(1)
    hidden = (entering @ weights.second_back).unsqueeze(2) * tables.slope.unsqueeze(1)
    middle = hidden @ weights.first_back
    del hidden
    if correction is not None:
        middle -= correction
    unit = tables.mlp_unit.unsqueeze(1)
    middle -= unit * ((middle * unit).sum(-1, keepdim=True) / width)
    middle /= tables.mlp_deviation.unsqueeze(1)
    middle += out
    return middle @ weights.out_back


def _attention_back(last: LastBlock, weights: BlockWeights, context: Tensor) -> Tensor:
    """Sum over patch rows of the gradient at ``normed``, from the one at the context.

    Args:
        context: [B, N, n, D] at the patches' contexts.

    Returns:
        [B, N, D].
    """
    batch, count, patches, width = context.shape
    heads, length, depth = last.queries.shape[1:]
    dtype = context.dtype
    gradient = context.view(batch, count, patches, heads, depth).permute(0, 3, 2, 1, 4)
    gradient = gradient.contiguous()  # [B, H, n, N, d]
    row = (gradient * last.context[:, :, 1:, None]).sum(-1)  # [B, H, n, N]: dO . O
    rows = last.attention[:, :, 1:].to(dtype)  # [B, H, n, L]: what patches attend to
    to_class = rows[..., 0]  # [B, H, n]

    values = torch.einsum("bhi,bhind->bnhd", 1 - to_class, gradient)

    columns = rows.transpose(-2, -1)  # [B, H, L, n]
    gathered = (columns @ gradient.flatten(3)).view(batch, heads, length, count, depth)
    scores = (gathered * last.values.unsqueeze(3)).sum(-1) - columns @ row  # [B, H, L, N]
    queries = torch.einsum("bhkn,bhkd->bnhd", scores, last.keys)

    class_score = torch.einsum("bhind,bhd->bhin", gradient, last.values[:, :, 0]) - row
    class_score = class_score * to_class.unsqueeze(-1)
    keys = -torch.einsum("bhin,bhid->bnhd", class_score, last.queries[:, :, 1:])

    root = depth**-0.5
    parts = torch.stack([queries * root, keys * root, values]).flatten(3)  # [3, B, N, D]
    result = parts.flatten(1, 2) @ weights.in_back
    return wide(result).sum(0).view(batch, count, width)
