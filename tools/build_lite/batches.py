"""What one training step is made of, drawn by a seeded generator."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.build_lite.texts import TextTables


@dataclass(frozen=True)
class Batch:
    """One step's pictures and texts (embeddings, float32).

    Attributes:
        images: int64 [B].
        captions: [B, E]: one of each picture.
        phrases: [P, E]: one of each picture that has any; phrase_row: int64 [P].
        words: [V, E]: every word in one of its templates.
        has_word, ignore_word: bool [B, V].
        classes: int64 [c]: ImageNet classes; names: [c, E]: a name of each.
    """

    images: Tensor
    captions: Tensor
    phrases: Tensor
    phrase_row: Tensor
    words: Tensor
    has_word: Tensor
    ignore_word: Tensor
    classes: Tensor
    names: Tensor


def grouped(keys: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """For each key below ``count`` the places where it stands."""
    order = np.argsort(keys, kind="stable")
    bounds = np.searchsorted(keys[order], np.arange(count + 1))
    return [order[a:b] for a, b in pairwise(bounds)]


class Sampler:
    """Draws batches.

    Args:
        tables: all texts.
        classes: ImageNet classes per step.
        seed: of the draw.
        device: where the batches go.
    """

    def __init__(
        self, tables: TextTables, classes: int, seed: int, device: torch.device
    ) -> None:
        self.tables, self.classes, self.device = tables, classes, device
        self.random = np.random.default_rng(seed)
        images = len(tables.has_word)
        self.captions_of = grouped(tables.caption_image, images)
        self.phrases_of = [
            tables.phrase_of[places] for places in grouped(tables.phrase_image, images)
        ]
        self.names_of = grouped(tables.name_class, int(tables.name_class.max()) + 1)

    def epoch(self, train: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
        """Training pictures in random order, in full batches."""
        order = self.random.permutation(train)
        return [order[i : i + size] for i in range(0, len(order) - size + 1, size)]

    def draw(self, images: NDArray[np.int64]) -> Batch:
        """Texts for some pictures."""
        tables, random = self.tables, self.random
        captions = [random.choice(self.captions_of[i]) for i in images]
        rows = [row for row, i in enumerate(images) if len(self.phrases_of[i])]
        phrases = [random.choice(self.phrases_of[images[row]]) for row in rows]
        words = len(tables.words)
        templates = random.integers(tables.word_embeddings.shape[1], size=words)
        count = len(self.names_of)
        classes = random.permutation(count)[: min(self.classes, count)]
        names = [random.choice(self.names_of[c]) for c in classes]
        return Batch(
            images=self._index(images),
            captions=self._put(tables.captions[captions]),
            phrases=self._put(tables.phrases[phrases]),
            phrase_row=self._index(rows),
            words=self._put(tables.word_embeddings[np.arange(words), templates]),
            has_word=torch.from_numpy(tables.has_word[images]).to(self.device),
            ignore_word=torch.from_numpy(tables.ignore_word[images]).to(self.device),
            classes=self._index(classes),
            names=self._put(tables.names[names]),
        )

    def _put(self, rows: NDArray[np.float16]) -> Tensor:
        return torch.from_numpy(rows.astype(np.float32)).to(self.device)

    def _index(self, places: NDArray[np.int64] | list[int]) -> Tensor:
        return torch.tensor(np.asarray(places, np.int64), device=self.device)
