"""The one interface every vision-language model is used through.

A model encodes a text once and a frame once. Of the encoded frame it gives channel weights for
a direction of the joint space (Grad-CAM, linear in the direction), embeddings of masked regions
(mask pooling), and the affinity of cells. The segmenter knows nothing else of a network;
``tests/models/test_contract.py`` holds every implementation to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

Family = Literal["vit", "conv"]


@dataclass(frozen=True)
class ImageFeatures:
    """What one backbone pass over a batch of frames leaves behind.

    Attributes:
        cam_map: [B, C, h, w]: activations that Grad-CAM differentiates by. ViT: output of the
            last block's first LayerNorm, patches only. Conv: last feature map.
        pooled: [B, D]: image embedding before normalisation, the one that the CAM's logits
            are made from (ViT: mean over patch tokens; conv: the network's own pooling).
        dense: [B, D, h, w]: embedding of each cell in the joint space, not normalised
            (conv: the pooling and the head applied to every cell; ViT: value path of the
            last block), or None where a family has no such map.
        affinity: [B, n, n] with n = h * w: how much each cell attends to each, non-negative,
            rows not normalised; None where the family uses feature self-affinity.
        cache: whatever :meth:`VisionLanguageModel.pull_back` needs, private to the model.
            Tensors of frames are [B, ...] there too, see
            :func:`car_video.models.batching.own_part`.
    """

    cam_map: Tensor
    pooled: Tensor
    dense: Tensor | None = None
    affinity: Tensor | None = None
    cache: dict[str, Any] = field(default_factory=dict)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the feature map."""
        return int(self.cam_map.shape[-2]), int(self.cam_map.shape[-1])


@runtime_checkable
class NounClassifier(Protocol):
    """A classifier with classes of its own that a model brings beside its texts.

    It knows few nouns, but those well (the in-vocabulary classifier of FC-CLIP, arXiv
    2308.02487, section 3.3).
    """

    def classes_of(self, noun_phrase: str) -> tuple[int, ...]:
        """The classes that are what a phrase names, or kinds of it; none where unknown."""
        ...

    def cell_probabilities(
        self, features: ImageFeatures, groups: Sequence[tuple[int, ...]]
    ) -> Tensor:
        """Probability that a cell shows one of N groups of classes: float32 [N, h, w].
        ``features`` are of one picture."""
        ...

    def region_probabilities(
        self, features: ImageFeatures, masks: Tensor, groups: Sequence[tuple[int, ...]]
    ) -> Tensor:
        """The same of regions, non-negative weights [M, h, w] on the feature grid:
        float32 [M, N]."""
        ...


@runtime_checkable
class VisionLanguageModel(Protocol):
    """Two frozen towers with one joint space of D dimensions.

    Attributes:
        name: what ``load_model`` was called with.
        family: ``"vit"`` or ``"conv"``.
        embed_dim: D.
        stride: pixels per cell of the feature map.
        input_size: side in pixels of the square image that :meth:`embed_image` was made for.
        logit_scale: factor from cosine similarity to logit (100 for released CLIP weights).
        device: where the weights are.
        dense_matches_text: pooling and projection are linear, so that ``ImageFeatures.dense``
            compares with texts as well as ``pooled`` does. The segmenter then takes maps from
            the dense map and scores masks by pooling it; else it uses Grad-CAM and prompted
            pictures.
        nouns: a classifier of the trunk's own for common nouns; None where there is none.
        encodes_batches: :meth:`encode_image` may be given several frames, each of which is then
            pulled back on its own. False where a gradient would run through the whole batch.
    """

    name: str
    family: Family
    embed_dim: int
    stride: int
    input_size: int
    logit_scale: float
    device: torch.device
    dense_matches_text: bool
    nouns: NounClassifier | None
    encodes_batches: bool

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Unit-length float32 [N, D] embeddings; over-long texts are cut by rule."""
        ...

    def truncates(self, text: str) -> bool:
        """Whether a text is longer than :meth:`encode_text` reads, so that its end is cut."""
        ...

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """One pass over whole frames. ``pixels``: float32 [B, 3, H, W], RGB in [0, 1]; H and
        W multiples of :attr:`stride`."""
        ...

    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        """What the classifier sees of (prompted) pictures.

        Args:
            pixels: float32 [B, 3, S, S], RGB in [0, 1].
            penultimate: leave out the last transformer block, as the classifier of CaR's
                released code does. Networks without transformer blocks ignore it.

        Returns:
            Un-normalised embeddings [B, D].
        """
        ...

    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        """Channel weights of Grad-CAM, in closed form.

        The gradient of ``<pooled, direction>`` with respect to ``cam_map``, averaged over the
        cells of the map. Linear in the direction.

        Args:
            features: what :meth:`encode_image` returned, batch size B.
            directions: [B, N, D].

        Returns:
            [B, N, C].
        """
        ...

    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        """Embedding of masked regions, all in the pass already paid for (FC-CLIP, section 3).

        Args:
            features: batch size B.
            masks: [B, M, h, w] non-negative weights on the feature grid.

        Returns:
            [B, M, D], not normalised; zeros for an empty mask.
        """
        ...
