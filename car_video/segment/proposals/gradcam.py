"""Grad-CAM for many texts at once, without a backward pass per text (CaR section 3.2).

The reference differentiates the probability of each text, ``p_c``, with respect to the feature
map and weighs the map's channels by the mean gradient. In closed form (derived in
docs/method.md#grad-cam-in-closed-form) that weight is::

    p_c (1 - p_c) ( W[t_c] - sum_{j != c} q_j W[t_j] ),    q = softmax over the rivals of c

where ``W[t]`` is the weight of text ``t`` alone, linear in the text vector. It follows that:

* The maps are scaled to [0, 1], so the factor ``p_c (1 - p_c)`` can go. With it goes the
  underflow of the reference for texts that are improbable, or nearly certain.
* ``W`` is computed once per frame. Every step of the recurrence, with whatever queries are
  still alive, and the refer mode are weighted sums of it.
* Background words never get a map of their own and their shares among each other do not
  depend on the queries, so all of them together are one vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from car_video.config.segment import QueryMode
from car_video.models.base import ImageFeatures, VisionLanguageModel
from car_video.models.numerics import wide


def text_logits(pooled: Tensor, texts: Tensor, scale: float) -> Tensor:
    """Logits of images against texts.

    Args:
        pooled: [B, D] image embeddings, of any length.
        texts: [N, D] unit-length text embeddings.
        scale: factor from cosine to logit.

    Returns:
        float32 [B, N].
    """
    unit = torch.nn.functional.normalize(wide(pooled), dim=-1)
    return scale * unit @ texts.to(unit.dtype).T


def cam_directions(pooled: Tensor, texts: Tensor, scale: float) -> Tensor:
    """Gradient of each text's logit with respect to the pooled embedding.

    Source: docs/method.md#grad-cam-in-closed-form, steps 1 and 2.

    Args:
        pooled: [B, D] image embeddings, of any length.
        texts: [N, D], or [B, N, D] when they differ between images.
        scale: factor from cosine to logit.

    Returns:
        float32 [B, N, D]: ``scale * (t - v (v . t)) / |pooled|`` with unit vector ``v``.
    """
    pooled = wide(pooled)
    length = pooled.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    unit = (pooled / length).unsqueeze(1)
    texts = wide(texts).expand(pooled.shape[0], -1, -1)
    across = texts - (texts * unit).sum(-1, keepdim=True) * unit
    return scale * across / length.unsqueeze(1)


def cam_maps(cam_map: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of channels, negative values cut.

    Args:
        cam_map: [B, C, h, w]; weights: [B, N, C].

    Returns:
        float32 [B, N, h, w], >= 0.
    """
    return torch.einsum("bchw,bnc->bnhw", wide(cam_map), wide(weights)).relu_()


def min_max(maps: Tensor) -> Tensor:
    """Scale every map to [0, 1]; flat maps become zero.

    Args:
        maps: [..., h, w].
    """
    shifted = maps - maps.amin((-2, -1), keepdim=True)
    high = shifted.amax((-2, -1), keepdim=True)
    return torch.where(high > 0, shifted / high, 0.0)


@dataclass(frozen=True)
class CamWeights:
    """Channel weights of every text of a batch of frames, from which all maps follow.

    Attributes:
        queries: [B, N, C]: weight of each query on its own.
        background: [B, C]: weight of the background words together, by their shares among
            each other; zeros where there are none.
        query_logits: [B, N].
        background_logit: [B]: logarithm of the sum of the exponentials of the background
            words' logits; minus infinity where there are none.
    """

    queries: Tensor
    background: Tensor
    query_logits: Tensor
    background_logit: Tensor

    @classmethod
    def compute(
        cls,
        model: VisionLanguageModel,
        features: ImageFeatures,
        queries: Tensor,
        background: Tensor,
        scale: float | None = None,
        centre: Tensor | float = 0,
    ) -> CamWeights:
        """One backward pass for all texts of the frames: N + 1 directions.

        Args:
            model: the model that made ``features``.
            features: batch of B frames.
            queries: [N, D] unit-length embeddings.
            background: [K, D] unit-length embeddings; K may be 0.
            scale: from cosine to logit; by default the model's.
            centre: [D], the mean pooled embedding of pictures. Cosines are of what lies beyond
                it; by default of the whole embedding.
        """
        pooled = features.pooled - centre
        scale = model.logit_scale if scale is None else scale
        background_logits = text_logits(pooled, background, scale)
        shares = background_logits.softmax(-1)
        mixed = (shares @ background.to(shares.dtype)).unsqueeze(1)
        texts = wide(queries).expand(pooled.shape[0], -1, -1)
        directions = cam_directions(pooled, torch.cat([texts, mixed], 1), scale)
        weights = wide(model.pull_back(features, directions))
        return cls(
            queries=weights[:, :-1],
            background=weights[:, -1],
            query_logits=text_logits(pooled, queries, scale),
            background_logit=background_logits.logsumexp(-1),
        )

    def select(self, alive: Tensor) -> CamWeights:
        """The same frames with only some of the queries competing.

        Args:
            alive: bool [N] or int64 [M] indices.
        """
        return CamWeights(
            self.queries[:, alive],
            self.background,
            self.query_logits[:, alive],
            self.background_logit,
        )

    def combine(self, mode: QueryMode = "semantic") -> Tensor:
        """Channel weights of the queries' probabilities, up to a positive factor each.

        A query that has no rival at all (alone, and no background words) keeps its plain
        logit weight, where the true gradient of its probability, always 1, would be zero.

        Args:
            mode: "semantic": each query against the others and the background words;
                "refer": each against the background words alone.

        Returns:
            [B, N, C].
        """
        batch, count, _ = self.queries.shape
        rivals = self.query_logits.unsqueeze(1).expand(-1, count, -1)
        own = torch.eye(count, dtype=torch.bool, device=rivals.device)
        rivals = rivals.masked_fill(
            own if mode == "semantic" else torch.ones_like(own), -torch.inf
        )
        rivals = torch.cat(
            [rivals, self.background_logit.view(batch, 1, 1).expand(-1, count, -1)], -1
        )
        alone = torch.isneginf(rivals).all(-1, keepdim=True)
        shares = torch.where(alone, 0.0, rivals.softmax(-1))
        all_weights = torch.cat([self.queries, self.background.unsqueeze(1)], 1)
        return self.queries - shares @ all_weights

    def maps(self, cam_map: Tensor, mode: QueryMode = "semantic") -> Tensor:
        """Grad-CAM of every query.

        Args:
            cam_map: [B, C, h, w] of the frames that the weights were computed for.
            mode: which texts compete.

        Returns:
            float32 [B, N, h, w] in [0, 1].
        """
        return min_max(cam_maps(cam_map, self.combine(mode)))


def grad_cam(
    model: VisionLanguageModel,
    features: ImageFeatures,
    queries: Tensor,
    background: Tensor,
    mode: QueryMode = "semantic",
) -> Tensor:
    """Grad-CAM of every query on every frame of a batch.

    Args:
        model: the model that made ``features``.
        features: batch of B frames.
        queries: [N, D] unit-length embeddings, N >= 1.
        background: [K, D] unit-length embeddings; K may be 0.
        mode: "semantic": queries and background words compete; "refer": each query alone
            against the background words.

    Returns:
        float32 [B, N, h, w] in [0, 1]; a map without any positive evidence is all zero.
    """
    weights = CamWeights.compute(model, features, queries, background)
    return weights.maps(features.cam_map, mode)
