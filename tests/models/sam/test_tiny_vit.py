"""MobileSAM's encoder with less work against timm's own."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import timm
import torch
from torch import nn

from car_video.models import bundled
from car_video.models.sam.mobile_sam import MobileSam, fold_norms
from car_video.models.sam.tiny_vit import tiny_vit_features

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def plain() -> MobileSam:
    """The bundled weights in timm's network as it is."""
    model = MobileSam()
    model.load_state_dict(bundled.load("mobile_sam.safetensors"), strict=False)
    return model.requires_grad_(False).eval()


def picture(*shape: int) -> torch.Tensor:
    noise = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    return noise.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "shape",
    [
        (1, 3, 112, 224),  # whole windows
        (1, 3, 144, 256),  # windows are filled up below and to the right
        (2, 3, 96, 160),
        (1, 3, 16, 16),  # less than a window
    ],
)
@torch.inference_mode()
def test_features_are_those_of_timm(
    plain: MobileSam, mobile_sam: MobileSam, shape: tuple[int, ...]
) -> None:
    pixels = picture(*shape)
    expected = plain.trunk.forward_features(pixels)
    found = tiny_vit_features(mobile_sam.trunk, pixels)
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=2e-4)


@torch.inference_mode()
def test_steps_that_torch_cannot_fuse_give_the_same(
    mobile_sam: MobileSam, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = picture(1, 3, 96, 160)
    fused = tiny_vit_features(mobile_sam.trunk, pixels)
    monkeypatch.setattr("car_video.models.fused_convolution._POINTWISE", None)
    torch.testing.assert_close(
        tiny_vit_features(mobile_sam.trunk, pixels), fused, rtol=1e-4, atol=2e-4
    )


def test_the_bundled_encoder_has_no_norms_left(mobile_sam: MobileSam) -> None:
    assert not any(isinstance(part, nn.BatchNorm2d) for part in mobile_sam.trunk.modules())


@torch.no_grad()
def test_norms_that_have_been_trained_are_folded() -> None:
    network: Any = timm.create_model("tiny_vit_5m_224", pretrained=False, num_classes=0).eval()
    generator = torch.Generator().manual_seed(1)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight, part.running_var):
                assert values is not None
                values.uniform_(0.5, 1.5, generator=generator)
            assert part.running_mean is not None
            part.running_mean.normal_(generator=generator)
            part.bias.normal_(generator=generator)
    folded = copy.deepcopy(network)
    fold_norms(folded)
    pixels = picture(1, 3, 64, 96)
    expected = network.forward_features(pixels)
    scale = float(expected.abs().max())
    found = tiny_vit_features(folded, pixels)
    torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-5)
