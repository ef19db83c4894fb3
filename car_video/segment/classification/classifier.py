"""Mask classifiers: which query a masked region shows (CaR section 3.3, FC-CLIP section 3).

There are two, both frozen. The *prompt* classifier encodes one picture per mask, with a visual
prompt drawn on it. The *pooled* one averages the frame's feature map under the mask, at no cost
once the frame is encoded. Their probabilities are blended log-linearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from car_video.config import ClassifierConfig
from car_video.models.base import ImageFeatures, VisionLanguageModel
from car_video.segment.classification.released_code import crops_as_reference
from car_video.segment.classification.scores import (
    against_background,
    cosines,
    geometric_ensemble,
)
from car_video.segment.classification.visual_prompts import PromptStyle, prompted_crops
from car_video.segment.everyday import bank_of, scale_of
from car_video.segment.reference.scores import double_softmax
from car_video.text.embeddings import TextBank
from car_video.text.templates import template_set


@dataclass(frozen=True, eq=False)
class MaskEmbeddings:
    """Embeddings of M masks; any set of queries can be scored against them.

    Attributes:
        prompted: float32 [M, D], not normalised; None if only pooling is used.
        pooled: float32 [M, D], not normalised; None if only prompts are used.
        scored: bool [M]: False for an empty mask, whose probabilities are 0.
    """

    prompted: Tensor | None
    pooled: Tensor | None
    scored: Tensor

    def __len__(self) -> int:
        return len(self.scored)


class MaskClassifier:
    """Scores masks of a frame against queries.

    Args:
        model: g, the classifier's model.
        config: see :class:`ClassifierConfig`.
        bank: embeddings already known for ``model``; a new bank by default.
        measured: cosines are measured by everyday phrases; else by the model's factor.
        style: sizes and colour of the prompts.
    """

    def __init__(
        self,
        model: VisionLanguageModel,
        config: ClassifierConfig | None = None,
        bank: TextBank | None = None,
        measured: bool = False,
        style: PromptStyle | None = None,
    ) -> None:
        self._cosine_scale = scale_of(model, measured)
        self.model = model
        self.config = config or ClassifierConfig()
        self.bank = bank_of(model, measured) if bank is None else bank
        self._templates = template_set(self.config.templates)
        compat = self.config.compat
        self._crops = crops_as_reference if compat else partial(prompted_crops, style=style)
        # The released code scores the plain picture for an empty mask.
        self._score_empty = compat and self.config.pooled_weight < 1
        double = self.config.scoring == "double-softmax"
        self._score_prompted = self._double_softmax if double else self._averaged_softmax
        penultimate = self.config.block == "penultimate"
        self._encode = partial(model.embed_image, penultimate=penultimate)

    def embed(
        self, image: Tensor, masks: Tensor, features: ImageFeatures | None = None
    ) -> MaskEmbeddings:
        """Encode masked regions, once for any number of query sets.

        Args:
            image: float32 [3, H, W], RGB in [0, 1], at full size.
            masks: bool [M, H, W].
            features: the frame's features (batch size 1), for the pooled classifier; they
                must be of ``model``.

        Raises:
            ValueError: pooling is asked for without features.
        """
        weight = self.config.pooled_weight
        scored = masks.flatten(1).any(1).to(self.model.device)
        prompted = pooled = None
        if weight < 1:
            prompted = self._embed_prompted(image, masks)
        if weight > 0:
            if features is None:
                raise ValueError("the pooled classifier needs the frame's features")
            soft = functional.adaptive_avg_pool2d(masks[:, None].float(), features.grid)
            soft = soft[:, 0].to(self.model.device)
            pooled = self.model.pool_masks(features, soft[None])[0].float()
        return MaskEmbeddings(prompted, pooled, scored | self._score_empty)

    def probabilities(
        self, masks: MaskEmbeddings, queries: Sequence[str], background: Sequence[str] = ()
    ) -> Tensor:
        """Softmax of each mask over queries and background.

        Args:
            masks: M masks.
            queries: N texts.
            background: K further texts that compete.

        Returns:
            float32 [M, N + K]; rows sum to 1, or are 0 where a mask is not scored. For M = N
            the diagonal is CaR's score vector.
        """
        texts = [*queries, *background]
        if not texts:
            return torch.zeros(len(masks), 0, device=self.model.device)
        results = []
        if masks.prompted is not None:
            results.append(self._score_prompted(masks.prompted, texts))
        if masks.pooled is not None:
            results.append(self._averaged_softmax(masks.pooled, texts))
        return self._blend(results, masks)

    def presence(
        self, masks: MaskEmbeddings, queries: Sequence[str], background: Sequence[str]
    ) -> Tensor:
        """Probability that mask i shows query i and not background.

        Each query stands alone against the background texts. So a single query can be
        rejected (a softmax over one query is always 1), and expressions of one target do not
        share the probability.

        Args:
            masks: N masks.
            queries: N texts.
            background: K texts, at least one.

        Returns:
            float32 [N] in [0, 1]; 0 for a mask that is not scored.
        """
        if len(masks) != len(queries):
            raise ValueError(f"want one mask per query, got {len(masks)} and {len(queries)}")
        if not background:
            raise ValueError("presence needs background texts to compare with")
        own = self._on_device(self.bank.averaged(queries, self._templates))
        rest = self._on_device(self.bank.averaged(background, self._templates))
        results = [
            against_background(
                embedding, own, rest, self._scale(embedding) / self.config.presence_temperature
            )
            for embedding in (masks.prompted, masks.pooled)
            if embedding is not None
        ]
        return self._blend(results, masks)[:, 0]

    def prompted_pictures(self, image: Tensor, masks: Tensor) -> Tensor:
        """What the model sees of masks, float32 [M, 3, S, S] in [0, 1]; see :meth:`embed`."""
        size, view = self.model.input_size, self.config.view
        return self._crops(image, masks, self.config.prompts, size, view)

    def _embed_prompted(self, image: Tensor, masks: Tensor) -> Tensor:
        """[M, D]; pictures are drawn and encoded block by block."""
        encoded = []
        for part in masks.split(self.config.batch):
            crops = self.prompted_pictures(image, part)
            encoded.append(self._encode(crops.to(self.model.device)).float())
        if not encoded or not len(masks):
            return torch.zeros(0, self.model.embed_dim, device=self.model.device)
        return torch.cat(encoded)

    def _averaged_softmax(self, embeddings: Tensor, texts: Sequence[str]) -> Tensor:
        """[M, D] -> [M, N]: embeddings of the templates averaged, one softmax."""
        vectors = self._on_device(self.bank.averaged(texts, self._templates))
        return torch.softmax(cosines(embeddings, vectors) * self._scale(embeddings), -1)

    def _double_softmax(self, embeddings: Tensor, texts: Sequence[str]) -> Tensor:
        """[M, D] -> [M, N], see :func:`~car_video.segment.reference.scores.double_softmax`."""
        templated = self._on_device(self.bank.templated(texts, self._templates))
        return double_softmax(embeddings, templated, self.model.logit_scale)

    def _scale(self, embeddings: Tensor) -> Tensor:
        """From cosine to logit, [M, 1] for masks [M, D]."""
        return self._cosine_scale.of(embeddings)[:, None]

    def _blend(self, results: list[Tensor], masks: MaskEmbeddings) -> Tensor:
        blended = results[0]
        if len(results) == 2:
            assert masks.pooled is not None
            # A mask too small for the feature grid is scored by its picture alone.
            seen = masks.pooled.abs().sum(-1, keepdim=True) > 0
            mixed = geometric_ensemble(results[0], results[1], self.config.pooled_weight)
            blended = torch.where(seen, mixed, results[0])
        return blended * masks.scored[:, None]

    def _on_device(self, values: Tensor) -> Tensor:
        return values.to(self.model.device)
