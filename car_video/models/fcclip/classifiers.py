"""The two classifiers, up to unit vectors and the logits of a vocabulary.

In-vocabulary: the trained one, on the pixel decoder's features. Out-of-vocabulary: the frozen
CLIP's own head on its last feature map (``Head.pool_regions`` of ``models/clip/conv_heads``).
Neither vector depends on the vocabulary, so a picture is encoded once for all texts.

Source: arXiv 2308.02487, section 3.3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from car_video.models.fcclip.architecture import Architecture
from car_video.models.fcclip.mask_decoder import Mlp
from car_video.models.fcclip.pooling import mean_under

LARGEST_SCALE = 100.0
"""Of a learned logit scale; the released code clamps both there."""


class InVocabularyClassifier(nn.Module):
    """Class embedding of a query: its pooled pixel features and its own state."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.width
        self.mask_pooling_proj = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))
        self.class_embed = Mlp((width, width, width, architecture.embed_dim))
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def forward(self, mask_features: Tensor, masks: Tensor, normed: Tensor) -> Tensor:
        """Unit vectors [B, Q, D].

        Args:
            mask_features: [B, C, h, w] of the pixel decoder.
            masks: bool [B, Q, h, w].
            normed: [B, Q, C], queries after the decoder's norm.
        """
        pooled = self.mask_pooling_proj(mean_under(mask_features, masks))
        return F.normalize(self.class_embed(pooled + normed), dim=-1)

    @property
    def scale(self) -> float:
        """From cosine similarity to logit."""
        return min(float(self.logit_scale.detach().exp()), LARGEST_SCALE)


def class_logits(
    vectors: Tensor, rows: Tensor, owner: Tensor, count: int, scale: float
) -> Tensor:
    """Logits of K classes: per class the largest of its synonyms.

    Args:
        vectors: [B, Q, D], unit length.
        rows: [S, D], unit length, of all synonyms.
        owner: int64 [S], the class of each row; every class has one.
        count: K.
        scale: from cosine similarity to logit.

    Returns:
        [B, Q, K].
    """
    logits = scale * (vectors @ rows.T)
    best = logits.new_full((*logits.shape[:-1], count), -torch.inf)
    return best.scatter_reduce(-1, owner.expand_as(logits), logits, "amax")
