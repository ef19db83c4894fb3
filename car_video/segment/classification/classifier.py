"""Mask classifiers: which query does a masked region show (CaR section 3.3, FC-CLIP section 3).

Two frozen scorers. The *prompt* classifier encodes a picture per mask with a visual prompt on
it; the *pooled* one averages the frame's feature map under the mask, which costs nothing once
the frame is encoded. Their probabilities are blended log-linearly. Numerics are pure functions
over embeddings; :class:`MaskClassifier` joins them to a model and a text bank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from car_video.config import ClassifierConfig
from car_video.models.base import ImageFeatures, VisionLanguageModel
from car_video.segment.classification.visual_prompts import PromptStyle, prompted_views
from car_video.text.embeddings import TextBank
from car_video.text.templates import template_set

_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class MaskEmbeddings:
    """What a classifier saw of M masks; any set of queries can be scored against it.

    Attributes:
        prompted: float32 [M, D], not normalised; None if only pooling is used.
        pooled: float32 [M, D], not normalised; None if only prompts are used.
        scored: bool [M]: False for a mask that has no pixel; its probabilities are 0.
    """

    prompted: Tensor | None
    pooled: Tensor | None
    scored: Tensor

    def __len__(self) -> int:
        return len(self.scored)

    def select(self, keep: Tensor) -> MaskEmbeddings:
        """Some of the masks, by a bool mask or indices."""
        return MaskEmbeddings(
            None if self.prompted is None else self.prompted[keep],
            None if self.pooled is None else self.pooled[keep],
            self.scored[keep],
        )


class MaskClassifier:
    """Scores masks of a frame against queries.

    Args:
        model: g, the classifier's model.
        config: see :class:`ClassifierConfig`.
        bank: embeddings already known for ``model``; a new bank by default.
        style: sizes and colour of the prompts.
    """

    def __init__(
        self,
        model: VisionLanguageModel,
        config: ClassifierConfig | None = None,
        bank: TextBank | None = None,
        style: PromptStyle | None = None,
    ) -> None:
        self.model = model
        self.config = config or ClassifierConfig()
        self.bank = TextBank(model.encode_text, model.embed_dim) if bank is None else bank
        self.style = style
        self._templates = template_set(self.config.templates)

    def embed(
        self, image: Tensor, masks: Tensor, features: ImageFeatures | None = None
    ) -> MaskEmbeddings:
        """Look at masked regions once, for any number of query sets.

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
        if self.config.compat and prompted is not None:
            scored = torch.ones_like(scored)  # the reference scores the plain picture
        return MaskEmbeddings(prompted, pooled, scored)

    def probabilities(
        self, masks: MaskEmbeddings, queries: Sequence[str], background: Sequence[str] = ()
    ) -> Tensor:
        """Which query does each mask show.

        Args:
            masks: M of them.
            queries: N of them.
            background: K further texts that compete and take probability.

        Returns:
            float32 [M, N + K]; rows sum to 1, or are 0 where a mask is not scored. For M = N
            the diagonal is CaR's score vector.
        """
        texts = [*queries, *background]
        if not texts:
            return torch.zeros(len(masks), 0, device=self.model.device)
        results = []
        if masks.prompted is not None and self.config.scoring == "double-softmax":
            templated = self._on_device(self.bank.templated(texts, self._templates))
            results.append(double_softmax(masks.prompted, templated, self.model.logit_scale))
        elif masks.prompted is not None:
            results.append(self._averaged_softmax(masks.prompted, texts))
        if masks.pooled is not None:
            results.append(self._averaged_softmax(masks.pooled, texts))
        return self._blend(results, masks)

    def presence(
        self, masks: MaskEmbeddings, queries: Sequence[str], background: Sequence[str]
    ) -> Tensor:
        """How sure it is that mask i shows query i and not just background.

        Each query stands alone against the background texts, so a single query can be
        rejected (a softmax over one query is always 1) and expressions of one target do not
        share the probability out.

        Args:
            masks: N of them.
            queries: N of them.
            background: K texts, at least one.

        Returns:
            float32 [N] in [0, 1]; 0 for a mask that is not scored.
        """
        if len(masks) != len(queries):
            raise ValueError(f"want one mask per query, got {len(masks)} and {len(queries)}")
        if not background:
            raise ValueError("presence needs background texts to compare with")
        scale = self.model.logit_scale / self.config.presence_temperature
        wanted = self._on_device(self.bank.averaged(queries, self._templates))
        rest = self._on_device(self.bank.averaged(background, self._templates))
        results = [
            against_background(embedding, wanted, rest, scale)
            for embedding in (masks.prompted, masks.pooled)
            if embedding is not None
        ]
        return self._blend(results, masks)[:, 0]

    def _embed_prompted(self, image: Tensor, masks: Tensor) -> Tensor:
        """[M, D]; pictures are drawn and encoded block by block."""
        blocks = []
        for part in masks.split(self.config.batch):
            views = prompted_views(
                image,
                part,
                self.config.prompts,
                self.model.input_size,
                self.config.view,
                compat=self.config.compat,
                style=self.style,
            )
            blocks.append(self._look(views.to(self.model.device)).float())
        if not blocks or not len(masks):
            return torch.zeros(0, self.model.embed_dim, device=self.model.device)
        return torch.cat(blocks)

    def _look(self, views: Tensor) -> Tensor:
        """[M, D], of the last or the penultimate block."""
        penultimate = self.config.block == "penultimate"
        return self.model.embed_image(views, penultimate=penultimate)

    def _averaged_softmax(self, embeddings: Tensor, texts: Sequence[str]) -> Tensor:
        """[M, D] -> [M, N]: templates averaged, the best synonym stands for its class."""
        if self.config.synonyms:
            vectors, owners = self.bank.synonyms(texts, self._templates)
        else:
            vectors = self.bank.averaged(texts, self._templates)
            owners = torch.arange(len(texts))
        logits = cosines(embeddings, self._on_device(vectors)) * self.model.logit_scale
        return torch.softmax(best_synonym(logits, self._on_device(owners), len(texts)), -1)

    def _blend(self, results: list[Tensor], masks: MaskEmbeddings) -> Tensor:
        blended = results[0]
        if len(results) == 2:
            assert masks.pooled is not None
            # A mask that leaves no trace on the feature grid is judged by its picture alone.
            seen = masks.pooled.abs().sum(-1, keepdim=True) > 0
            mixed = geometric_ensemble(results[0], results[1], self.config.pooled_weight)
            blended = torch.where(seen, mixed, results[0])
        return blended * masks.scored[:, None]

    def _on_device(self, values: Tensor) -> Tensor:
        return values.to(self.model.device)


def cosines(embeddings: Tensor, texts: Tensor) -> Tensor:
    """Cosine similarities [M, N] of [M, D], any length, and unit-length [N, D]."""
    return functional.normalize(embeddings, dim=-1) @ texts.T


def double_softmax(embeddings: Tensor, templated: Tensor, scale: float) -> Tensor:
    """The reference's score (car.md 3.4): softmax of the sum of the templates' softmaxes.

    Args:
        embeddings: [M, D], any length.
        templated: unit-length [S, N, D].
        scale: of the logits.

    Returns:
        float32 [M, N]. With one template there is no second softmax, as in the reference.
    """
    count, texts, dim = templated.shape
    logits = cosines(embeddings, templated.reshape(count * texts, dim)) * scale
    per_template = torch.softmax(logits.reshape(-1, count, texts), -1)
    if count == 1:
        return per_template[:, 0]
    return torch.softmax(per_template.sum(1), -1)


def best_synonym(logits: Tensor, owners: Tensor, count: int) -> Tensor:
    """The largest logit of each class.

    Args:
        logits: [M, T], one column per synonym.
        owners: int64 [T]: class of each synonym; every class has one at least.
        count: number of classes N.

    Returns:
        [M, N].
    """
    merged = logits.new_full((len(logits), count), -torch.inf)
    return merged.scatter_reduce(1, owners.expand_as(logits), logits, "amax")


def geometric_ensemble(first: Tensor, second: Tensor, weight: float) -> Tensor:
    """``first^(1 - weight) * second^weight``, rows scaled to sum 1 (FC-CLIP, section 3)."""
    logits = (1.0 - weight) * torch.log(first.clamp_min(_TINY))
    logits = logits + weight * torch.log(second.clamp_min(_TINY))
    return torch.softmax(logits, -1)


def against_background(
    embeddings: Tensor, queries: Tensor, background: Tensor, scale: float
) -> Tensor:
    """Each query alone against the background.

    Args:
        embeddings: [N, D], any length; row i is compared with query i.
        queries: unit-length [N, D].
        background: unit-length [K, D].
        scale: of the logits.

    Returns:
        float32 [N, 1 + K]: first the query, then the background texts; rows sum to 1.
    """
    directions = functional.normalize(embeddings, dim=-1)
    own = (directions * queries).sum(-1, keepdim=True)
    return torch.softmax(torch.cat([own, directions @ background.T], -1) * scale, -1)
