"""The frozen convolutional CLIP: four stages for the decoders, and the head for regions.

Any ResNet of CLIP and any timm trunk with four stages and average pooling (ConvNeXt) serves.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from car_video.errors import ModelError
from car_video.models.clip.conv import ConvModel, ResNetModel, TimmConvModel
from car_video.models.numerics import in_standard_torch, wide

STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class TrunkFeatures:
    """What one pass of the trunk leaves.

    Attributes:
        stages: [B, channels, h, w] at strides 4, 8, 16 and 32, in the trunk's dtype.
        cells: [B, C, h, w], at least float32: the map below CLIP's pooling.
    """

    stages: tuple[Tensor, Tensor, Tensor, Tensor]
    cells: Tensor


class Backbone:
    """A convolutional CLIP as FC-CLIP reads it.

    Attributes:
        clip: the model.
        widths: channels of its four stages.
        drops_empty: a region without a cell is classified in-vocabulary only (the released
            configurations of all ResNets; attention has nothing to attend to there).
    """

    def __init__(self, clip: ConvModel) -> None:
        """
        Raises:
            ModelError: a trunk without stages at strides 4, 8, 16 and 32.
        """
        self.clip = clip
        self.drops_empty = isinstance(clip, ResNetModel)
        if isinstance(clip, ResNetModel):
            stages = [getattr(clip.visual, f"layer{i}") for i in range(1, 5)]
            self.widths = tuple(int(stage[-1].conv3.out_channels) for stage in stages)
            return
        trunk = clip.visual.trunk if isinstance(clip, TimmConvModel) else None
        info = list(getattr(trunk, "feature_info", ()))
        fits = tuple(int(level["reduction"]) for level in info) == STRIDES
        parts = ("stem", "stages", "norm_pre")
        if not fits or not all(hasattr(trunk, part) for part in parts):
            raise ModelError(
                f"'{clip.name}' cannot carry FC-CLIP; a ConvNeXt or a ResNet of CLIP can"
            )
        self.widths = tuple(int(level["num_chs"]) for level in info)

    @in_standard_torch
    @torch.no_grad()
    def __call__(self, pixels: Tensor) -> TrunkFeatures:
        """
        Args:
            pixels: [B, 3, H, W], normalised as CLIP's, H and W multiples of 32.
        """
        x = pixels.to(self.clip.device, self.clip.dtype)
        visual = self.clip.visual
        stages = []
        if isinstance(self.clip, ResNetModel):
            x = visual.stem(x)
            for index in range(1, 5):
                x = getattr(visual, f"layer{index}")(x)
                stages.append(x)
            cells = x
        else:
            x = visual.trunk.stem(x)
            for stage in visual.trunk.stages:
                x = stage(x)
                stages.append(x)
            cells = visual.trunk.norm_pre(x)
        first, second, third, fourth = stages
        return TrunkFeatures((first, second, third, fourth), wide(cells))

    def embed_regions(self, cells: Tensor, masks: Tensor) -> Tensor:
        """Embeddings [B, Q, D] of hard masks [B, Q, h, w] on the grid of the cells."""
        return self.clip.head.pool_regions(cells, masks)
