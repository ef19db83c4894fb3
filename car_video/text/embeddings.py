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
        common: gives what all texts have in common, float32 [D], for :meth:`blended`; by
            default nothing.

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
        common: Callable[[], Tensor] | None = None,
    ) -> None:
        self._encode = encode
        self._dim = dim
        self._batch = batch
        self._capacity = capacity
        self._common = common
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
        """float32 [N, D]: each query's mean over the templates, see :meth:`blended`."""
        weights = [1 / len(templates)] * len(templates)
        return self.blended(self.templated(queries, templates), weights)

    def blended(self, versions: Tensor, weights: Sequence[float]) -> Tensor:
        """Means of several versions of each text, as long as these are on average.

        A mean of vectors is shorter than they are, so it is stretched. What all texts have in
        common is not shortened and must not be stretched: only what lies beyond it is.

        Args:
            versions: float32 [S, N, D] of unit length.
            weights: S of them, of sum 1.

        Returns:
            float32 [N, D]; of unit length where texts have nothing in common.
        """
        if len(versions) == 1:
            return versions[0]
        common = 0 if self._common is None else self._common().to(versions.device)
        shares = versions.new_tensor(weights)[:, None, None]
        own = versions - common
        length = (shares * own.norm(dim=-1, keepdim=True)).sum(0)
        return common + length * functional.normalize((shares * own).sum(0), dim=-1)

    def _learn(self, texts: Iterable[str]) -> None:
        """Encode what is not known yet, each text once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), self._batch):
            part = new[start : start + self._batch]
            rows = self._encode(part).detach().float()
            self._known.update(zip(part, rows.unbind(), strict=True))
