"""The pixel decoder: multi-scale deformable attention over the trunk's stages.

Taken from transformers (``Mask2FormerPixelDecoder``): its pure PyTorch form of deformable
attention needs no custom operator, and with FC-CLIP's weights it gives the same bits as the
released code. Three things are ours: it always computes in float32, as the released code does,
weights come by the names of :mod:`car_video.models.fcclip.key_map`, and on CPUs attention is
:mod:`car_video.models.fcclip.deformable_attention`'s.

Source: arXiv 2112.01527 (Mask2Former), section 4.1; arXiv 2010.04159 (deformable attention).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from transformers import Mask2FormerConfig
from transformers.models.mask2former.modeling_mask2former import Mask2FormerPixelDecoder

from car_video.models.fcclip.architecture import LEVELS, POINTS, Architecture
from car_video.models.fcclip.deformable_attention import DeformableAttention
from car_video.models.numerics import in_standard_torch, wide


@dataclass(frozen=True)
class PixelFeatures:
    """What the pixel decoder hands on.

    Attributes:
        mask_features: F, float32 [B, C, H / 4, W / 4]; a mask is its product with an embedding.
        levels: float32 [B, C, h, w] at strides 32, 16 and 8, which queries attend to.
    """

    mask_features: Tensor
    levels: tuple[Tensor, Tensor, Tensor]


class PixelDecoder(nn.Module):
    """From the four stages of the trunk to mask features and three levels of memory."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.network = Mask2FormerPixelDecoder(
            mask2former_config(architecture), list(architecture.trunk_widths)
        )
        for layer in self.network.encoder.layers:
            layer.self_attn = DeformableAttention(
                architecture.width, architecture.heads, LEVELS, POINTS
            )

    @in_standard_torch
    def forward(self, stages: Sequence[Tensor]) -> PixelFeatures:
        """
        Args:
            stages: [B, channels, h, w] at strides 4, 8, 16 and 32.
        """
        output = self.network([wide(stage) for stage in stages], return_dict=True)
        coarse, middle, fine = output.multi_scale_features
        return PixelFeatures(output.mask_features, (coarse, middle, fine))


def mask2former_config(architecture: Architecture) -> Mask2FormerConfig:
    """The sizes as transformers' Mask2Former classes want them."""
    return Mask2FormerConfig(
        feature_size=architecture.width,
        mask_feature_size=architecture.width,
        hidden_dim=architecture.width,
        encoder_feedforward_dim=architecture.encoder_hidden,
        encoder_layers=architecture.encoder_layers,
        decoder_layers=architecture.decoder_layers + 1,  # one for the prediction before them
        num_attention_heads=architecture.heads,
        dim_feedforward=architecture.decoder_hidden,
        num_queries=architecture.queries,
        dropout=0.0,
        pre_norm=False,
        common_stride=4,
        feature_strides=[4, 8, 16, 32],
        enforce_input_projection=False,
    )
