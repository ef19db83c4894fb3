"""FC-CLIP where a vision-language model is asked for: its frozen CLIP, with the network beside.

Expressions are segmented as with that CLIP alone; :class:`car_video.PanopticSegmenter` uses the
network.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from car_video.models.base import Family, ImageFeatures, NounClassifier
from car_video.models.fcclip.network import FcClip


class FcClipModel:
    """Implements :class:`car_video.models.base.VisionLanguageModel`.

    Attributes:
        network: FC-CLIP itself.
    """

    family: Family = "conv"
    dense_matches_text = False
    nouns: NounClassifier | None = None
    encodes_batches = True

    def __init__(self, network: FcClip) -> None:
        clip = network.backbone.clip
        self.network = network
        self.name = network.name
        self.embed_dim: int = clip.embed_dim
        self.stride: int = clip.stride
        self.input_size: int = clip.input_size
        self.logit_scale: float = clip.logit_scale
        self.device: torch.device = clip.device
        self._clip = clip

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """See the protocol."""
        return self._clip.encode_text(texts)

    def truncates(self, text: str) -> bool:
        """See the protocol."""
        return self._clip.truncates(text)

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """See the protocol."""
        return self._clip.encode_image(pixels)

    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        """See the protocol."""
        return self._clip.embed_image(pixels, penultimate=penultimate)

    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        """See the protocol."""
        return self._clip.pull_back(features, directions)

    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        """See the protocol."""
        return self._clip.pool_masks(features, masks)
