"""Convolution and activation in one pass against one after the other."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from car_video.models import fused_convolution
from car_video.models.fused_convolution import Activation, convolved

torch.set_num_threads(1)

ACTIVATIONS = {"none": lambda x: x, "relu": F.relu, "gelu": F.gelu}


def convolution(
    kernel: int, stride: int, dilation: int, grouped: bool, bias: bool
) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(
        8, 8, kernel, stride, dilation * (kernel // 2), dilation, 8 if grouped else 1, bias
    ).requires_grad_(False)


def picture(height: int, width: int) -> Tensor:
    noise = torch.randn(2, 8, height, width, generator=torch.Generator().manual_seed(1))
    return noise.contiguous(memory_format=torch.channels_last)


@settings(max_examples=40, deadline=None)
@given(
    kernel=st.sampled_from([1, 3]),
    stride=st.sampled_from([1, 2]),
    dilation=st.sampled_from([1, 2]),
    grouped=st.booleans(),
    bias=st.booleans(),
    activation=st.sampled_from(["none", "relu", "gelu"]),
    fused=st.booleans(),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
)
def test_it_is_both_steps(
    kernel: int,
    stride: int,
    dilation: int,
    grouped: bool,
    bias: bool,
    activation: Activation,
    fused: bool,
    height: int,
    width: int,
) -> None:
    own, x = convolution(kernel, stride, dilation, grouped, bias), picture(height, width)
    before = x.clone()
    with pytest.MonkeyPatch.context() as patch:
        if not fused:
            patch.setattr(fused_convolution, "_POINTWISE", None)
        found = convolved(x, own, activation)
    torch.testing.assert_close(found, ACTIVATIONS[activation](own(x)), rtol=1e-5, atol=1e-5)
    assert torch.equal(x, before)


@pytest.mark.skipif(torch.bfloat16 not in fused_convolution._FUSED, reason="not native here")
@pytest.mark.parametrize("activation", ["none", "relu", "gelu"])
def test_native_bfloat16_is_rounded_once(activation: Activation) -> None:
    own, x = convolution(3, 1, 1, False, True), picture(16, 24)
    rounded = x.bfloat16()
    exact = ACTIVATIONS[activation](
        F.conv2d(rounded.float(), own.weight.bfloat16().float(), own.bias, padding=1)
    )
    found = convolved(rounded, own.bfloat16(), activation).float()
    apart = (found - exact).abs().max() / exact.abs().max()
    assert apart < 2**-7
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_bfloat16_that_is_not_native_is_computed_in_two_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> Tensor:
        raise RuntimeError("the processor has no bfloat16")

    monkeypatch.setattr(fused_convolution, "_POINTWISE", refused)
    monkeypatch.setattr(fused_convolution, "_FUSED", {torch.float32})
    own, x = convolution(3, 1, 1, False, True).bfloat16(), picture(6, 7).bfloat16()
    torch.testing.assert_close(convolved(x, own, "relu"), F.relu(own(x)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions_are_computed_in_two_steps(dtype: torch.dtype) -> None:
    own, x = convolution(3, 1, 1, False, True).to(dtype), picture(6, 7).to(dtype)
    torch.testing.assert_close(convolved(x, own, "gelu"), F.gelu(own(x)))


def test_gradients_are_those_of_both_steps() -> None:
    own, x = convolution(3, 1, 1, False, True), picture(5, 5).requires_grad_(True)
    convolved(x, own, "gelu").sum().backward()
    found, x.grad = x.grad, None
    F.gelu(own(x)).sum().backward()
    torch.testing.assert_close(found, x.grad)
