"""Text embeddings, each computed once per run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from car_video.text.templates import fill

_MAX_CHARACTERS = 4000
"""Characters that are kept of a text. No tokenizer in use reads more (128 tokens at most), so
only the time changes that a text of 100,000 characters would take."""


class TextBank:
    """Remembers the embedding of every text it has seen.

    Args:
        encode: texts to unit-length float32 [N, D], as a model's ``encode_text``.
        dim: D.
        batch: texts that are encoded at once.
        capacity: embeddings kept; beyond it the least recently used go.

    Example:
        >>> bank = TextBank(lambda texts: torch.eye(4)[: len(texts)], 4)
        >>> bank.embed(["a dog", "a cat"]).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        encode: Callable[[Sequence[str]], Tensor],
        dim: int,
        batch: int = 32,
        capacity: int = 20_000,
    ) -> None:
        self._encode = encode
        self._dim = dim
        self._batch = batch
        self._capacity = capacity
        self._known: dict[str, Tensor] = {}

    def __len__(self) -> int:
        """How many embeddings are remembered."""
        return len(self._known)

    def embed(self, texts: Sequence[str]) -> Tensor:
        """float32 [N, D] of unit length, in the order of ``texts``."""
        folded = [" ".join(text.split())[:_MAX_CHARACTERS] for text in texts]
        self._learn(folded)
        if not folded:
            return torch.zeros(0, self._dim)
        rows = []
        for text in folded:
            row = self._known.pop(text)
            self._known[text] = row  # now the most recently used
            rows.append(row)
        while len(self._known) > self._capacity:
            self._known.pop(next(iter(self._known)))
        return torch.stack(rows)

    def templated(self, queries: Sequence[str], templates: Sequence[str]) -> Tensor:
        """Every query in every template.

        Args:
            queries: N of them.
            templates: S of them, see :mod:`car_video.text.templates`.

        Returns:
            float32 [S, N, D] of unit length.
        """
        texts = [fill(template, query) for template in templates for query in queries]
        return self.embed(texts).reshape(len(templates), len(queries), self._dim)

    def averaged(self, queries: Sequence[str], templates: Sequence[str]) -> Tensor:
        """float32 [N, D]: unit-length mean of each query over the templates."""
        return functional.normalize(self.templated(queries, templates).mean(0), dim=-1)

    def _learn(self, texts: Iterable[str]) -> None:
        """Encode what is not known yet, each text once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), self._batch):
            part = new[start : start + self._batch]
            rows = self._encode(part).detach().float()
            self._known.update(zip(part, rows.unbind(), strict=True))
