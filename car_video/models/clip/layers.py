"""Layer norm and activation, with what their backward passes need, as plain functions."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from car_video.models.numerics import wide


class UnsupportedLayer(TypeError):
    """A layer without a closed-form derivative here; the model takes the autograd path."""


def layer_norm(x: Tensor, norm: nn.Module) -> Tensor:
    """``norm`` applied in at least float32 whatever the dtype of ``x``; returns that dtype."""
    if not isinstance(norm, nn.LayerNorm):
        return norm(x)
    full = wide(x)
    weight = None if norm.weight is None else norm.weight.to(full.dtype)
    bias = None if norm.bias is None else norm.bias.to(full.dtype)
    return F.layer_norm(full, norm.normalized_shape, weight, bias, norm.eps).to(x.dtype)


def standardise(x: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """Layer norm without its affine part, and the deviation it divided by.

    Args:
        x: [..., D].
        epsilon: added to the variance.

    Returns:
        [..., D] and [..., 1], at least float32.
    """
    x = wide(x)
    centred = x - x.mean(-1, keepdim=True)
    deviation = (centred.square().mean(-1, keepdim=True) + epsilon).sqrt()
    return centred / deviation, deviation


def standardise_backward(gradient: Tensor, unit: Tensor, deviation: Tensor) -> Tensor:
    """Gradient with respect to ``x`` of :func:`standardise`.

    Args:
        gradient: [..., D] with respect to the standardised values.
        unit, deviation: what :func:`standardise` returned.
    """
    centred = gradient - gradient.mean(-1, keepdim=True)
    return (centred - unit * (gradient * unit).mean(-1, keepdim=True)) / deviation


def check_activation(activation: nn.Module) -> None:
    """Raise :class:`UnsupportedLayer` unless :func:`activation_slope` knows the layer."""
    known = isinstance(activation, (nn.GELU, nn.ReLU))
    if not known and type(activation).__name__ != "QuickGELU":
        raise UnsupportedLayer(f"no closed-form slope for {type(activation).__name__}")


def activation_slope(x: Tensor, activation: nn.Module) -> Tensor:
    """Derivative of an activation at ``x``: QuickGELU, GELU (both forms) or ReLU."""
    check_activation(activation)
    if isinstance(activation, nn.ReLU):
        return (x > 0).to(x.dtype)
    if not isinstance(activation, nn.GELU):  # QuickGELU: x * sigmoid(1.702 x)
        gate = torch.sigmoid(1.702 * x)
        return gate + 1.702 * x * gate * (1 - gate)
    if activation.approximate == "none":
        density = torch.exp(-0.5 * x.square()) / math.sqrt(2 * math.pi)
        return 0.5 * (1 + torch.erf(x / math.sqrt(2))) + x * density
    scale = math.sqrt(2 / math.pi)
    bend = torch.tanh(scale * (x + 0.044715 * x.pow(3)))
    return 0.5 * (1 + bend) + 0.5 * x * (1 - bend.square()) * scale * (
        1 + 0.134145 * x.square()
    )
