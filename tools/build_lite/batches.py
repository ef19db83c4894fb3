"""What one training step is made of, drawn by a seeded generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.build_lite.recipe import Recipe
from tools.build_lite.texts import TextTables


@dataclass(frozen=True)
class Batch:
    """One step's pictures and texts (embeddings, float32).

    Attributes:
        images: int64 [B].
        captions: [B, E]: one of each picture.
        phrases: [P, E]: one of each picture that has any; phrase_row: int64 [P].
        words: [v, E]: some words, each in one of its templates.
        has_word, ignore_word: bool [B, v].
        classes: int64 [c]: ImageNet classes; names: [c, E]: a name of each.
        nouns: [g, E]: nouns of which no two hold the same ImageNet class.
        noun_classes: float32 [g, classes], 0 or 1.
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
    nouns: Tensor
    noun_classes: Tensor


def grouped(keys: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """For each key below ``count`` the places where it stands."""
    order = np.argsort(keys, kind="stable")
    bounds = np.searchsorted(keys[order], np.arange(count + 1))
    return [order[a:b] for a, b in pairwise(bounds)]


def disjoint(order: NDArray[np.int64], members: Sequence[int], most: int) -> list[int]:
    """The first of ``order`` that share no class with one taken before.

    Args:
        order: numbers of nouns.
        members: for each noun its classes as the bits of a number.
        most: so many at most.
    """
    taken, found = 0, list[int]()
    for noun in order.tolist():
        if not members[noun] & taken:
            taken |= members[noun]
            found.append(noun)
            if len(found) == most:
                break
    return found


class Sampler:
    """Draws batches.

    Args:
        tables: all texts.
        recipe: how many of what, and the seed of the draw.
        device: where the batches go.
    """

    def __init__(self, tables: TextTables, recipe: Recipe, device: torch.device) -> None:
        self.tables, self.recipe, self.device = tables, recipe, device
        self.random = np.random.default_rng(recipe.seed)
        self.sizes = tables.noun_classes.sum(1)
        self.members = [
            sum(1 << int(c) for c in np.flatnonzero(row)) for row in tables.noun_classes
        ]
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
        words, nouns = self._words(images), self._nouns()
        count = len(self.names_of)
        classes = random.permutation(count)[: min(self.recipe.classes_per_step, count)]
        names = [random.choice(self.names_of[c]) for c in classes]
        return Batch(
            images=self._index(images),
            captions=self._put(tables.captions[captions]),
            phrases=self._put(tables.phrases[phrases]),
            phrase_row=self._index(rows),
            words=self._put(self._in_a_template(tables.word_embeddings, words)),
            has_word=self._put_flags(tables.has_word[np.ix_(images, words)]),
            ignore_word=self._put_flags(tables.ignore_word[np.ix_(images, words)]),
            classes=self._index(classes),
            names=self._put(tables.names[names]),
            nouns=self._put(self._in_a_template(tables.noun_embeddings, nouns)),
            noun_classes=self._put_flags(tables.noun_classes[nouns]).float(),
        )

    def _words(self, images: NDArray[np.int64]) -> NDArray[np.int64]:
        """Words that some picture has, then others, as many as the recipe says."""
        order = self.random.permutation(len(self.tables.words))
        absent = np.logical_not(self.tables.has_word[images].any(axis=0))
        order = order[np.argsort(absent[order], kind="stable")]
        return np.sort(order[: self.recipe.words_per_step])

    def _nouns(self) -> list[int]:
        """Nouns that do not overlap. One that holds many classes comes first as often as all of
        its classes together, so that wide and narrow nouns are drawn."""
        keys = self.random.exponential(size=len(self.sizes)) / self.sizes
        return disjoint(np.argsort(keys), self.members, self.recipe.nouns_per_step)

    def _in_a_template(
        self, table: NDArray[np.float16], rows: NDArray[np.int64] | list[int]
    ) -> NDArray[np.float16]:
        """[rows, E] of [all, templates, E]: each in one of its templates."""
        return table[rows, self.random.integers(table.shape[1], size=len(rows))]

    def _put_flags(self, flags: NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(flags).to(self.device)

    def _put(self, rows: NDArray[np.float16]) -> Tensor:
        return torch.from_numpy(rows.astype(np.float32)).to(self.device)

    def _index(self, places: NDArray[np.int64] | list[int]) -> Tensor:
        return torch.tensor(np.asarray(places, np.int64), device=self.device)
