"""A model whose embeddings are moved into CLIP's geometry; what it knows stays the same.

In CLIP's joint space all pictures lie in one narrow cone and all texts in another, so that
every cosine of a picture with a text is between about 0.15 and 0.35, and a logit scale of 100
tells them apart (the cones: "Mind the gap", arXiv 2203.02053). The bundled model spreads
its cosines from -0.3 to 0.8 at a logit scale of 30. A number that was set for one of the two
means something else in the other.

What is done, D being the width of the model's joint space::

    text     t  ->  R [TEXT * t;  sqrt(1 - TEXT^2) * u]      of unit length
    picture  v  ->  R [v;         length * w]                before normalisation

with R one orthogonal matrix, w a unit vector and u another, both outside of the D dimensions,
``u . w = COMMON``. The picture's map is affine, so pooling, the dense map and Grad-CAM stay the
exact linear head that they were.

What is kept exactly: at one cell, mask or picture every text's cosine goes through one rising
straight line, so the order of texts there, and any score that compares a region's texts by mean
and deviation, do not change. What cannot be kept: the line's slope is smaller where the model's
own embedding is shorter (the constant then has the larger share after normalisation), so the
order of two *cells* for one text may change. A per-cell constant would keep that order and make
the dense map non-linear; released CLIP weights have the constant of this module.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from car_video.models.base import Family, ImageFeatures, VisionLanguageModel

TEXT = 0.45
"""Length of what is left of a text's own embedding within its unit vector."""
IMAGE = 0.4
"""The same of a cell of usual length; cosines are spread by at most TEXT * IMAGE = 0.18."""
COMMON = 0.25
"""Cosine of the two common vectors; it sets the middle of the cosines to about 0.2."""
LOGIT_SCALE = 100.0
"""Of all released CLIP weights."""


class ClipGeometry:
    """A vision-language model in CLIP's geometry.

    Args:
        model: whose pooling and head are linear.
        length: of the common vector of pictures; see :func:`usual_length`.
        dense_matches_text: False takes the segmenter's route for CLIP: Grad-CAM and prompted
            pictures.
        moved: False leaves the embeddings as they are, so that only the route differs.
    """

    encodes_batches = False

    def __init__(
        self,
        model: VisionLanguageModel,
        length: float,
        dense_matches_text: bool = True,
        moved: bool = True,
    ) -> None:
        self.inner, self.length, self.moved = model, length, moved
        self.name = f"{model.name} in CLIP's geometry" if moved else model.name
        self.family: Family = model.family
        self.width = model.embed_dim
        self.embed_dim = self.width + 2 if moved else self.width
        self.stride, self.input_size = model.stride, model.input_size
        self.logit_scale = LOGIT_SCALE if moved else model.logit_scale
        self.device = model.device
        self.dense_matches_text = dense_matches_text
        self.nouns = model.nouns  # its classes are not in the joint space
        generator = torch.Generator().manual_seed(0)
        square = torch.randn(
            self.width + 2, self.width + 2, generator=generator, dtype=torch.float64
        )
        self.rotation = torch.linalg.qr(square).Q.float().to(self.device)

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Unit-length float32 [N, D + 2]."""
        own = self.inner.encode_text(texts)
        if not self.moved:
            return own
        rest = math.sqrt(1 - TEXT**2)
        common = own.new_tensor([rest * COMMON, rest * math.sqrt(1 - COMMON**2)])
        whole = torch.cat([TEXT * own, common.expand(len(own), 2)], -1)
        return self._turn(whole)

    def truncates(self, text: str) -> bool:
        """As the model's own."""
        return self.inner.truncates(text)

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """As the model's own, with embeddings moved."""
        own = self.inner.encode_image(pixels)
        if not self.moved:
            return own
        assert own.dense is not None
        dense = self._move(own.dense.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        cache = {**own.cache, "own": own}
        return dataclasses.replace(own, pooled=self._move(own.pooled), dense=dense, cache=cache)

    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        """As the model's own, moved."""
        own = self.inner.embed_image(pixels, penultimate=penultimate)
        return self._move(own) if self.moved else own

    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        """Exact: the common vector has no gradient, the rotation's is its transpose."""
        if not self.moved:
            return self.inner.pull_back(features, directions)
        turned = self._product(directions, self.rotation)[..., : self.width]
        return self.inner.pull_back(self._own(features), turned)

    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        """Means of the moved dense map; zeros for an empty mask."""
        if not self.moved:
            return self.inner.pool_masks(features, masks)
        own = self.inner.pool_masks(self._own(features), masks)
        return self._move(own) * masks.flatten(2).any(-1, keepdim=True)

    @staticmethod
    def _own(features: ImageFeatures) -> ImageFeatures:
        own: ImageFeatures = features.cache["own"]
        return own

    def _move(self, own: Tensor) -> Tensor:
        """Embeddings [..., D], not normalised -> [..., D + 2]."""
        common = own.new_tensor([self.length, 0.0]).expand(*own.shape[:-1], 2)
        return self._turn(torch.cat([own, common], -1))

    def _turn(self, whole: Tensor) -> Tensor:
        return self._product(whole, self.rotation.T)

    @staticmethod
    def _product(left: Tensor, right: Tensor) -> Tensor:
        with torch.autocast(left.device.type, enabled=False):
            return left @ right


def usual_length(features: ImageFeatures) -> float:
    """Length of the common vector so that a cell of median length keeps a share of IMAGE.

    Args:
        features: of any picture, by the model that is to be moved.
    """
    assert features.dense is not None
    median = float(features.dense.norm(dim=1).median())
    return median * math.sqrt(1 - IMAGE**2) / IMAGE


def moved(model: Any, pixels: Tensor, dense_matches_text: bool = True) -> ClipGeometry:
    """A model in CLIP's geometry, its lengths measured on one picture.

    Args:
        model: a vision-language model with a dense map.
        pixels: float32 [1, 3, H, W] in [0, 1], sides multiples of its stride.
        dense_matches_text: see :class:`ClipGeometry`.
    """
    length = usual_length(model.encode_image(pixels))
    return ClipGeometry(model, length, dense_matches_text)
