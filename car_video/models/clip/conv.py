"""Convolutional CLIP through open_clip: the ResNets of CLIP, and timm trunks as ConvNeXt.

Grad-CAM differentiates by the last feature map. The map is made in the model's dtype; the head
above it is small and always computed in at least float32.
"""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any

import torch
from open_clip.modified_resnet import AttentionPool2d, ModifiedResNet
from open_clip.timm_model import TimmModel
from torch import Tensor, nn

from car_video.config import ProposalConfig
from car_video.models.base import Family, ImageFeatures
from car_video.models.clip.base import OPENAI_SCALING, OpenClipModel, Scaling, Tokenizer
from car_video.models.clip.conv_heads import AttentionPoolHead, Head, mean_pool_head
from car_video.models.clip.layers import UnsupportedLayer
from car_video.models.clip.positions import Interpolation
from car_video.models.encoder import ImageEncoder, digest_of, float32_copy, with_encoder
from car_video.models.numerics import in_standard_torch, wide


class FeatureMap(nn.Module):
    """The tower of a :class:`ConvModel` up to its feature map, float32, as a network."""

    def __init__(self, model: ConvModel) -> None:
        super().__init__()
        copied = copy.copy(model)
        self.visual = copied.visual = float32_copy(model.visual)
        self._feature_map = copied.feature_map

    def forward(self, prepared: Tensor) -> Tensor:
        """[B, 3, H, W] -> [B, C, h, w]."""
        return self._feature_map(prepared)


class ConvModel(OpenClipModel):
    """A convolutional tower: a feature map and a :class:`Head` above it.

    The tower can be replaced (:class:`~car_video.models.encoder.EncoderHost`).
    """

    family: Family = "conv"
    head: Head
    encoder: ImageEncoder | None = None
    usual_side = ProposalConfig.size
    with_encoder = with_encoder

    @property
    def encoder_name(self) -> str:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return f"the image tower of {self.name}"

    @property
    def encoder_stride(self) -> int:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return self.stride

    @cached_property
    def encoder_digest(self) -> str:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return digest_of(self.visual)

    def encode_by_torch(self, prepared: Tensor) -> tuple[Tensor, ...]:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return (self.feature_map(prepared.to(self.dtype)),)

    def encoder_network(self) -> nn.Module:
        """See :class:`~car_video.models.encoder.EncoderHost`."""
        return FeatureMap(self)

    def feature_map(self, pixels: Tensor) -> Tensor:
        """Last feature map [B, C, h, w] of prepared images."""
        raise NotImplementedError

    @in_standard_torch
    @torch.no_grad()
    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """One pass over frames [B, 3, H, W] in [0, 1]; see :class:`ImageFeatures`.

        There is no attention to take an affinity from; the segmenter uses feature
        self-affinity instead.
        """
        self.grid_of(pixels)
        cells = wide(self._encoded(pixels))
        return ImageFeatures(
            cam_map=cells, pooled=self.head.pool(cells), dense=self.head.dense(cells)
        )

    @in_standard_torch
    @torch.no_grad()
    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        """Classifier embedding [B, D]; ``penultimate`` has no meaning here."""
        self.grid_of(pixels)
        return self.head.pool(self._encoded(pixels))

    def _encoded(self, pixels: Tensor) -> Tensor:
        """The feature map, by what computes it."""
        return (self.encoder or self.encode_by_torch)(self.prepare(pixels))[0]

    @in_standard_torch
    @torch.no_grad()
    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        """Grad-CAM weights [B, N, C] of directions [B, N, D], no autograd."""
        return self.head.pull_back(features.cam_map, wide(directions.to(self.device)))

    @in_standard_torch
    @torch.no_grad()
    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        """Embedding [B, M, D] of the mean feature under each mask [B, M, h, w]."""
        return self.head.pool_masks(features.cam_map, masks)


class ResNetModel(ConvModel):
    """CLIP's own ResNets (RN50 to RN50x64) with attention pooling."""

    mixed_precision = True

    def __init__(
        self,
        name: str,
        network: nn.Module,
        tokenizer: Tokenizer,
        *,
        scaling: Scaling = OPENAI_SCALING,
        dtype: torch.dtype | None = None,
        interpolation: Interpolation = "bilinear",
    ) -> None:
        """See :class:`OpenClipModel`; ``interpolation`` of the pooling's positions.

        Raises:
            UnsupportedLayer: another kind of network.
        """
        visual: Any = network.visual
        if not isinstance(visual, ModifiedResNet):
            raise UnsupportedLayer(f"image tower {type(visual).__name__}")
        if type(visual.attnpool) is not AttentionPool2d:
            raise UnsupportedLayer(f"pooling {type(visual.attnpool).__name__}")
        self.head = AttentionPoolHead(visual.attnpool, interpolation)
        super().__init__(name, network, tokenizer, stride=32, scaling=scaling, dtype=dtype)

    def feature_map(self, pixels: Tensor) -> Tensor:
        """See :class:`ConvModel`."""
        visual = self.visual
        x = visual.layer1(visual.stem(pixels))
        return visual.layer4(visual.layer3(visual.layer2(x)))


class TimmConvModel(ConvModel):
    """A timm trunk that ends in average pooling: ConvNeXt CLIP, MobileCLIP-S."""

    def __init__(
        self,
        name: str,
        network: nn.Module,
        tokenizer: Tokenizer,
        *,
        scaling: Scaling = OPENAI_SCALING,
        dtype: torch.dtype | None = None,
    ) -> None:
        """See :class:`OpenClipModel`.

        Raises:
            UnsupportedLayer: no convolutional trunk, or another pooling.
        """
        visual: Any = network.visual
        if not isinstance(visual, TimmModel):
            raise UnsupportedLayer(f"image tower {type(visual).__name__}")
        trunk: Any = visual.trunk
        if hasattr(trunk, "patch_embed"):
            raise UnsupportedLayer(f"trunk {type(trunk).__name__}")
        self.head = mean_pool_head(trunk, visual.head)
        stride = int(trunk.feature_info[-1]["reduction"])
        super().__init__(name, network, tokenizer, stride=stride, scaling=scaling, dtype=dtype)

    def feature_map(self, pixels: Tensor) -> Tensor:
        """See :class:`ConvModel`."""
        return self.visual.trunk.forward_features(pixels)
