"""FC-CLIP whole: from pictures to masks and vectors, from these and a vocabulary to classes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from car_video.models.fcclip.architecture import Architecture
from car_video.models.fcclip.backbone import Backbone
from car_video.models.fcclip.classifiers import (
    LARGEST_SCALE,
    InVocabularyClassifier,
    class_logits,
)
from car_video.models.fcclip.ensemble import ALPHA, BETA, probabilities
from car_video.models.fcclip.mask_decoder import MaskDecoder, mask_logits
from car_video.models.fcclip.pixel_decoder import PixelDecoder
from car_video.models.fcclip.pooling import hard_masks
from car_video.models.fcclip.text_rows import TextRows
from car_video.models.numerics import in_standard_torch


class TrainedPart(nn.Module):
    """All that FC-CLIP trains; the frozen CLIP is beside it."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.pixel_decoder = PixelDecoder(architecture)
        self.mask_decoder = MaskDecoder(architecture)
        self.in_vocabulary = InVocabularyClassifier(architecture)
        self.void_embedding = nn.Embedding(1, architecture.embed_dim)


@dataclass(frozen=True)
class MaskProposals:
    """The Q masks of B pictures, with everything that a vocabulary is compared with.

    Attributes:
        logits: float32 [B, Q, H / 4, W / 4]; a mask is on above 0.
        states: [B, Q, C]: queries that the next picture's decoder may start from.
        queries: [B, Q, C]: the same, normed; descriptive of the object.
        class_embeddings: [B, Q, D], unit length: of the in-vocabulary classifier.
        region_embeddings: [B, Q, D], unit length: CLIP's own, of the region.
        nonempty: bool [B, Q]: the mask has a cell on CLIP's grid.
    """

    logits: Tensor
    states: Tensor
    queries: Tensor
    class_embeddings: Tensor
    region_embeddings: Tensor
    nonempty: Tensor


class FcClip:
    """The network on one device.

    Attributes:
        name: what it was loaded as.
        backbone: the frozen CLIP.
        trained: everything else, float32.
        alpha, beta: weights of the ensemble, see
            :func:`car_video.models.fcclip.ensemble.probabilities`.
    """

    alpha, beta = ALPHA, BETA

    def __init__(self, name: str, backbone: Backbone, trained: TrainedPart) -> None:
        """
        Raises:
            ValueError: the trained part belongs to another trunk.
        """
        wanted = trained.architecture
        if (backbone.widths, backbone.clip.embed_dim) != (
            wanted.trunk_widths,
            wanted.embed_dim,
        ):
            raise ValueError(f"made for another CLIP than {backbone.clip.name}")
        self.name = name
        self.backbone = backbone
        self.trained = trained.to(backbone.clip.device).eval().requires_grad_(False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.backbone.clip.device

    def prepare(self, pixels: Tensor) -> Tensor:
        """float32 [B, 3, H, W] in [0, 1] -> normalised as CLIP's."""
        return self.backbone.clip.prepare(pixels)

    @in_standard_torch
    @torch.no_grad()
    def propose(self, pixels: Tensor, start: Tensor | None = None) -> MaskProposals:
        """One pass over pictures.

        Args:
            pixels: float32 [B, 3, H, W], normalised, padded to multiples of 32. Padding takes
                part in everything: there is no padding mask, as in the released code.
            start: [B, Q, C]: states of an earlier picture's queries to start from; None for the
                learned ones.
        """
        trunk = self.backbone(pixels)
        features = self.trained.pixel_decoder(trunk.stages)
        decoded = self.trained.mask_decoder(features, start)
        logits = mask_logits(decoded.mask_embeddings[-1], features.mask_features)
        on_grid = hard_masks(logits, (trunk.cells.shape[-2], trunk.cells.shape[-1]))
        regions = self.backbone.embed_regions(trunk.cells, on_grid)
        return MaskProposals(
            logits=logits,
            states=decoded.states,
            queries=decoded.normed,
            class_embeddings=self.trained.in_vocabulary(
                features.mask_features, hard_masks(logits), decoded.normed
            ),
            region_embeddings=F.normalize(regions, dim=-1),
            nonempty=on_grid.flatten(2).any(-1),
        )

    @in_standard_torch
    @torch.no_grad()
    def logits(self, proposals: MaskProposals, texts: TextRows) -> tuple[Tensor, Tensor]:
        """Logits of both classifiers.

        Returns:
            in-vocabulary [B, Q, K + 1], void last, and out-of-vocabulary [B, Q, K].
        """
        void = F.normalize(self.trained.void_embedding.weight, dim=-1)
        count = len(texts.seen)
        rows = torch.cat([texts.rows, void])
        owner = torch.cat([texts.owner, texts.owner.new_tensor([count])])
        inner = class_logits(
            proposals.class_embeddings, rows, owner, count + 1, self.trained.in_vocabulary.scale
        )
        outer = class_logits(
            proposals.region_embeddings,
            texts.rows,
            texts.owner,
            count,
            min(self.backbone.clip.logit_scale, LARGEST_SCALE),
        )
        return inner, outer

    @in_standard_torch
    @torch.no_grad()
    def classify(self, proposals: MaskProposals, texts: TextRows) -> Tensor:
        """Probabilities [B, Q, K + 1] of the classes of a vocabulary, void last."""
        inner, outer = self.logits(proposals, texts)
        return probabilities(
            inner,
            outer,
            texts.seen,
            nonempty=proposals.nonempty if self.backbone.drops_empty else None,
            alpha=self.alpha,
            beta=self.beta,
        )
