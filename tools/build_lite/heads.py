"""What is trained: a linear image head and a two-layer text head."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Heads(nn.Module):
    """Both heads and two learned factors from cosine to logit.

    Args:
        features: channels of the neck.
        sentence: numbers of a sentence embedding.
        hidden: of the text head.
        dim: D of the joint space.
        dropout: in the text head.
        scale: first value of both factors.
    """

    def __init__(
        self, features: int, sentence: int, hidden: int, dim: int, dropout: float, scale: float
    ) -> None:
        super().__init__()
        self.image = nn.Linear(features, dim)
        self.text_first = nn.Linear(sentence, hidden)
        self.text_second = nn.Linear(hidden, dim)
        self.dropout = nn.Dropout(dropout)
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.log_region_scale = nn.Parameter(torch.tensor(math.log(scale)))
        nn.init.normal_(self.image.weight, std=0.02)

    def text(self, sentences: Tensor) -> Tensor:
        """Sentence embeddings [N, E] -> unit-length [N, D]."""
        hidden = self.dropout(F.gelu(self.text_first(sentences)))
        return F.normalize(self.text_second(hidden), dim=-1)
