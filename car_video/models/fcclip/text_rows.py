"""A vocabulary as unit vectors: one row per synonym, with the class that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.models.base import VisionLanguageModel
from car_video.text.templates import VILD_14, fill
from car_video.text.vocabulary import Vocabulary

_TOGETHER = 64
"""Synonyms that are encoded at once, 14 texts each."""


@dataclass(frozen=True)
class TextRows:
    """K classes with S synonyms together.

    Attributes:
        rows: float32 [S, D], unit length, in the order of classes and synonyms.
        owner: int64 [S], the class of each row.
        seen: bool [K]: the class shares a synonym with the training vocabulary.
    """

    rows: Tensor
    owner: Tensor
    seen: Tensor


class TextEncoder:
    """Encodes vocabularies; each synonym once, as it does not depend on the picture."""

    def __init__(self, model: VisionLanguageModel, templates: Sequence[str] = VILD_14) -> None:
        self._model = model
        self._templates = tuple(templates)
        self._known: dict[str, Tensor] = {}

    def encode(self, vocabulary: Vocabulary, trained: Vocabulary) -> TextRows:
        """
        Args:
            vocabulary: K classes.
            trained: the training vocabulary, for :attr:`TextRows.seen`.
        """
        names = [name for label in vocabulary.labels for name in label.synonyms]
        self._learn(names)
        owner = [i for i, label in enumerate(vocabulary.labels) for _ in label.synonyms]
        device = self._model.device
        return TextRows(
            torch.stack([self._known[name] for name in names]),
            torch.tensor(owner, device=device),
            torch.tensor(vocabulary.shares_with(trained), device=device),
        )

    def _learn(self, names: Sequence[str]) -> None:
        new = [name for name in dict.fromkeys(names) if name not in self._known]
        for begin in range(0, len(new), _TOGETHER):
            part = new[begin : begin + _TOGETHER]
            texts = [fill(template, name) for name in part for template in self._templates]
            vectors = self._model.encode_text(texts).unflatten(0, (len(part), -1))
            self._known.update(zip(part, F.normalize(vectors.mean(1), dim=-1), strict=True))
