"""Pooling and projection of convolutional CLIP towers, with their backward passes by hand.

A head turns the last feature map into an embedding. Besides the embedding of the whole map it
answers what a single cell or a masked region would embed to, and how the channels weigh for a
direction of the joint space (Grad-CAM).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from open_clip.modified_resnet import AttentionPool2d
from torch import Tensor, nn

from car_video.models.clip.base import mask_average
from car_video.models.clip.layers import (
    UnsupportedLayer,
    activation_slope,
    check_activation,
    standardise,
    standardise_backward,
)
from car_video.models.clip.positions import Interpolation, PositionTable
from car_video.models.numerics import wide


class Head(Protocol):
    """From a feature map [B, C, h, w] to the joint space of D dimensions."""

    def pool(self, cells: Tensor) -> Tensor:
        """Embedding [B, D] of the whole map."""
        ...

    def dense(self, cells: Tensor) -> Tensor:
        """Embedding [B, D, h, w] of every cell on its own."""
        ...

    def pool_masks(self, cells: Tensor, masks: Tensor) -> Tensor:
        """Embedding [B, M, D] of masked regions, masks [B, M, h, w]; zeros for an empty one."""
        ...

    def pool_regions(self, cells: Tensor, masks: Tensor) -> Tensor:
        """Embedding [B, M, D] of hard masks, bool [B, M, h, w], as FC-CLIP's released code has
        it: an empty mask has an embedding too, the same for all."""
        ...

    def pull_back(self, cells: Tensor, directions: Tensor) -> Tensor:
        """Gradient [B, N, C] of ``<pool, direction>``, averaged over cells; [B, N, D] in."""
        ...


class AttentionPoolHead:
    """CLIP ResNet's pooling: the mean cell asks, all cells answer, one projection.

    Keys and values are never formed: the query is carried through the key matrix, and the
    value matrix applied to the attended mean, which is the same sum in another order.

    For Grad-CAM all cells move by the same vector. The mean cell then moves with them, all
    scores of a head change by one number, which the softmax ignores, and what is left is the
    values' share and the query's.
    """

    def __init__(self, pool: AttentionPool2d, interpolation: Interpolation) -> None:
        side = round((pool.positional_embedding.shape[0] - 1) ** 0.5)
        self.positions = PositionTable(pool.positional_embedding, (side, side), interpolation)
        heads = pool.num_heads
        projections = (pool.q_proj, pool.k_proj, pool.v_proj)
        self.query, self.key, self.value = (
            wide(layer.weight.detach()).unflatten(0, (heads, -1)) for layer in projections
        )  # [H, d, C]
        self.query_bias = wide(pool.q_proj.bias.detach()).unflatten(0, (heads, -1))
        self.value_bias = wide(pool.v_proj.bias.detach())
        self.out = wide(pool.c_proj.weight.detach())
        self.out_bias = wide(pool.c_proj.bias.detach())
        # One cell, or one region, attended to with weight 1.
        self.cell = self.out @ self.value.flatten(0, 1)
        self.cell_bias = self.out @ self.value_bias + self.out_bias

    def pool(self, cells: Tensor) -> Tensor:
        """See :class:`Head`."""
        attended = self._attend(self._tokens(cells))[2]
        context = torch.einsum("hdc,bhc->bhd", self.value, attended).flatten(1)
        return (context + self.value_bias) @ self.out.T + self.out_bias

    def dense(self, cells: Tensor) -> Tensor:
        """See :class:`Head`."""
        tokens = self._tokens(cells)[:, 1:]
        return (
            (tokens @ self.cell.T + self.cell_bias)
            .transpose(1, 2)
            .unflatten(2, cells.shape[-2:])
        )

    def pool_masks(self, cells: Tensor, masks: Tensor) -> Tensor:
        """The mask in place of the attention; see :class:`Head`."""
        tokens = self._tokens(cells)[:, 1:].transpose(1, 2).unflatten(2, cells.shape[-2:])
        mean, filled = mask_average(tokens, masks)
        return torch.where(filled, mean @ self.cell.T + self.cell_bias, 0.0)

    def pool_regions(self, cells: Tensor, masks: Tensor) -> Tensor:
        """CLIP's attention, kept inside each mask; see :class:`Head`.

        The mean cell asks for all masks, but is not among the keys. Where nothing may answer,
        what is left is the projection's bias.
        """
        tokens = self._tokens(cells)
        inside = masks.to(cells.device).flatten(2).unsqueeze(2)  # [B, M, 1, n]
        scores = self._attend(tokens)[0][:, None, :, 1:]  # [B, 1, H, n]
        weights = scores.masked_fill(~inside, -torch.inf).softmax(-1)
        attended = weights.nan_to_num(0.0) @ tokens[:, None, 1:]  # [B, M, H, C]
        context = torch.einsum("hdc,bmhc->bmhd", self.value, attended).flatten(2)
        context = torch.where(inside.any(-1), context + self.value_bias, 0.0)
        return context @ self.out.T + self.out_bias

    def pull_back(self, cells: Tensor, directions: Tensor) -> Tensor:
        """See :class:`Head`."""
        tokens = self._tokens(cells)
        _, weights, attended = self._attend(tokens)
        context = (directions @ self.out).unflatten(2, self.value.shape[:2])  # [B, N, H, d]
        values = torch.einsum("bnhd,hdc->bnhc", context, self.value)
        score = torch.einsum("bnhc,blc->bnhl", values, tokens)
        score = score - (values * attended.unsqueeze(1)).sum(-1, keepdim=True)
        score = score * weights.unsqueeze(1)
        keys = torch.einsum("bnhl,blc->bnhc", score, tokens)
        query = torch.einsum("bnhc,hdc->bnhd", keys, self.key) * self._root
        result = values.sum(2) + torch.einsum("bnhd,hdc->bnc", query, self.query)
        return result / (cells.shape[-2] * cells.shape[-1])

    @property
    def _root(self) -> float:
        return float(self.query.shape[1]) ** -0.5

    def _tokens(self, cells: Tensor) -> Tensor:
        """[B, 1 + n, C]: mean cell and cells, with positions."""
        tokens = wide(cells).flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], 1)
        return tokens + self.positions((int(cells.shape[-2]), int(cells.shape[-1])))

    def _attend(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores and weights [B, H, 1 + n], and the attended token [B, H, C]."""
        query = torch.einsum("hdc,bc->bhd", self.query, tokens[:, 0]) + self.query_bias
        carried = torch.einsum("bhd,hdc->bhc", query, self.key) * self._root
        scores = carried @ tokens.transpose(1, 2)
        weights = scores.softmax(-1)
        return scores, weights, weights @ tokens


class MeanPoolHead:
    """Mean over cells, optional layer norm, then linear layers and activations."""

    def __init__(self, norm: nn.LayerNorm | None, layers: Sequence[nn.Module]) -> None:
        """
        Args:
            norm: over channels, after the pooling.
            layers: ``Linear`` layers and activations, in order.

        Raises:
            UnsupportedLayer: a layer of another kind.
        """
        for layer in layers:
            if not isinstance(layer, nn.Linear):
                check_activation(layer)
        self.norm = norm
        self.layers: list[tuple[Tensor, Tensor | None] | nn.Module] = [
            (
                wide(layer.weight.detach()),
                None if layer.bias is None else wide(layer.bias.detach()),
            )
            if isinstance(layer, nn.Linear)
            else layer
            for layer in layers
        ]

    def pool(self, cells: Tensor) -> Tensor:
        """See :class:`Head`."""
        return self._project(wide(cells).mean((-2, -1)))

    def dense(self, cells: Tensor) -> Tensor:
        """See :class:`Head`."""
        embedded = self._project(wide(cells).flatten(2).transpose(1, 2))
        return embedded.transpose(1, 2).unflatten(2, cells.shape[-2:])

    def pool_masks(self, cells: Tensor, masks: Tensor) -> Tensor:
        """Mask pooling before the norm, as FC-CLIP (arXiv 2308.02487); see :class:`Head`."""
        mean, filled = mask_average(wide(cells), masks)
        return torch.where(filled, self._project(mean), 0.0)

    def pool_regions(self, cells: Tensor, masks: Tensor) -> Tensor:
        """Mean under each mask, a zero vector for an empty one, then the head on all; see
        :class:`Head`."""
        return self._project(mask_average(wide(cells), masks)[0])

    def pull_back(self, cells: Tensor, directions: Tensor) -> Tensor:
        """See :class:`Head`."""
        x = wide(cells).mean((-2, -1)).unsqueeze(1)  # [B, 1, C]
        mean, inputs = x, []
        if self.norm is not None:
            x = self._normalise(x)[0]
        for layer in self.layers:
            inputs.append(x)
            x = self._apply(layer, x)
        gradient = directions
        for layer, value in zip(reversed(self.layers), reversed(inputs), strict=True):
            if isinstance(layer, nn.Module):
                gradient = gradient * activation_slope(value, layer)
            else:
                gradient = gradient @ layer[0]
        if self.norm is not None:
            _, unit, deviation = self._normalise(mean)
            gradient = gradient * wide(self.norm.weight.detach())
            gradient = standardise_backward(gradient, unit, deviation)
        return gradient / (cells.shape[-2] * cells.shape[-1])

    def _normalise(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        assert self.norm is not None
        unit, deviation = standardise(x, self.norm.eps)
        affine = unit * wide(self.norm.weight.detach()) + wide(self.norm.bias.detach())
        return affine, unit, deviation

    def _project(self, x: Tensor) -> Tensor:
        if self.norm is not None:
            x = self._normalise(x)[0]
        for layer in self.layers:
            x = self._apply(layer, x)
        return x

    @staticmethod
    def _apply(layer: tuple[Tensor, Tensor | None] | nn.Module, x: Tensor) -> Tensor:
        if isinstance(layer, nn.Module):
            return layer(x)
        weight, bias = layer
        return nn.functional.linear(x, weight, bias)


def mean_pool_head(trunk: Any, head: nn.Sequential) -> MeanPoolHead:
    """The head of a timm trunk that ends in global average pooling, and open_clip's on top.

    Args:
        trunk: a timm network whose ``head`` pools, optionally normalises and projects.
        head: ``TimmModel.head``: nothing, a linear layer, or an MLP.

    Raises:
        UnsupportedLayer: another pooling or another layer.
    """
    final = getattr(trunk, "head", None)
    pooling = getattr(final, "global_pool", None)
    if getattr(pooling, "pool_type", None) != "avg" or final is None:
        raise UnsupportedLayer(f"{type(trunk).__name__} without average pooling at its end")
    if str(getattr(final, "input_fmt", "NCHW")).split(".")[-1] != "NCHW":
        raise UnsupportedLayer(f"{type(trunk).__name__} with channels last")
    norm = getattr(final, "norm", None)
    if norm is not None and not isinstance(norm, (nn.LayerNorm, nn.Identity)):
        raise UnsupportedLayer(f"{type(norm).__name__} at the end of the trunk")
    layers = [*_leaves(getattr(final, "pre_logits", None)), *_leaves(final.fc), *_leaves(head)]
    return MeanPoolHead(norm if isinstance(norm, nn.LayerNorm) else None, layers)


def _leaves(module: nn.Module | None) -> list[nn.Module]:
    """Layers that do something in evaluation mode, in order."""
    if module is None:
        return []
    leaves = [m for m in module.modules() if not list(m.children())]
    idle = (nn.Identity, nn.Dropout, nn.Sequential)
    return [leaf for leaf in leaves if not isinstance(leaf, idle)]
