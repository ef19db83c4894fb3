"""A convolution with its activation in one pass over the picture, where torch has one.

oneDNN, which torch computes convolutions with on CPUs, can apply an activation before it writes
the result. ``torch.compile`` makes use of this through operators of torch that have no public
name; here they are called without a compiler (but not while a network is traced for another
back end, which does not know them). They also keep 1 x 1 convolutions of one thread
from a path of torch that copies the picture twice (``_slow_conv2d``). Elsewhere, and in other
precisions than float32 and native bfloat16, convolution and activation are two steps.

Measured in benchmarks/profile.md.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from car_video.models.device import fastest_dtype

Activation = Literal["none", "relu", "gelu"]


def _operator() -> Any:
    """torch's operator; None where this build has none."""
    if not torch.backends.mkldnn.is_available():
        return None
    try:
        return torch.ops.mkldnn._convolution_pointwise
    except AttributeError:
        return None


_POINTWISE = _operator()
_FUSED = {torch.float32, fastest_dtype(torch.device("cpu"))}
"""bfloat16 only where the processor multiplies it: elsewhere the operator refuses it."""


def convolved(x: Tensor, convolution: nn.Conv2d, activation: Activation = "none") -> Tensor:
    """Convolution, bias and activation.

    Args:
        x: [B, C, H, W], of the convolution's dtype.
        convolution: zeros around the picture.
        activation: ``gelu`` is the exact one.

    Returns:
        [B, D, H', W'], in the memory format of ``x``.
    """
    own = convolution
    weight, bias = own.weight, own.bias
    wants_gradient = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    fusible = x.device.type == "cpu" and x.dtype in _FUSED and not wants_gradient
    if _POINTWISE is not None and fusible and not torch.jit.is_tracing():
        fused: Tensor = _POINTWISE(
            x,
            weight,
            bias,
            own.padding,
            own.stride,
            own.dilation,
            own.groups,
            activation,
            [],
            "none",
        )
        return fused
    y = F.conv2d(x, weight, bias, own.stride, own.padding, own.dilation, own.groups)
    if activation == "relu":
        return F.relu(y, inplace=True)
    return F.gelu(y) if activation == "gelu" else y
