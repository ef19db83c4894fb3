"""What the algorithm asks of a promptable mask model.

``tests/models/test_contract.py`` holds every implementation to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

TRAINED_SIDE = 1024  # side of the square that SAM's positions are relative to


@runtime_checkable
class MaskEmbedding(Protocol):
    """A picture that a mask model has encoded; what else it holds is private to the model."""

    @property
    def tokens(self) -> Tensor:
        """[1, C, h, w] of the picture; masks come on its device."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of mask logits without padding; they span the whole picture."""

    def to(self, dtype: torch.dtype) -> MaskEmbedding:
        """The same at another precision: embeddings that are kept take half the memory."""


@runtime_checkable
class MaskModel(Protocol):
    """Encode a picture once, ask for many masks."""

    @property
    def device(self) -> torch.device:
        """Where the weights are, and where pictures and prompts have to be."""

    def encode(
        self, pixels: Tensor, side: int = TRAINED_SIDE, shape: tuple[int, int] | None = None
    ) -> MaskEmbedding:
        """Embed one picture.

        Args:
            pixels: float32 [1, 3, H, W], RGB in [0, 1].
            side: longest side in pixels that the encoder may see.
            shape: (H, W), multiples of 16, that the picture is to fit into instead, padded to
                it. Models that were trained at one size ignore both.
        """

    def encode_each(
        self,
        pixels: Sequence[Tensor],
        side: int = TRAINED_SIDE,
        shape: tuple[int, int] | None = None,
    ) -> Sequence[MaskEmbedding]:
        """Embed pictures of one size, all in one pass; otherwise as :meth:`encode`."""

    def predict(
        self,
        embedding: Any,
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
        mask_logits: Tensor | None = None,
        multimask: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """Masks for P prompts in one batch.

        Args:
            embedding: what this model's :meth:`encode` has returned.
            points: [P, K, 2] x, y in pixels of the picture that was encoded.
            labels: int [P, K]: 1 object, 0 not the object, -1 padding.
            boxes: [P, 4] x0, y0, x1, y1 in pixels of the picture that was encoded.
            mask_logits: [P, 1, a, b] coarse mask logits, as they are returned.
            multimask: three masks (part, object, whole) per prompt, or one.

        Returns:
            Logits float32 [P, 3 or 1, a, b], with padding below and to the right of
            ``embedding.grid`` (see :func:`crop_logits`), and the model's own guess of their
            IoU, float32 [P, 3 or 1].
        """


@runtime_checkable
class ProposesAll(Protocol):
    """A mask model that has all masks of a picture before it is asked for any (FC-CLIP)."""

    def all_masks(self, embedding: Any) -> tuple[Tensor, Tensor]:
        """Every mask of a picture.

        Args:
            embedding: what this model's ``encode`` has returned.

        Returns:
            Logits [K, a, b], padding included (see :func:`crop_logits`), and how sure the model
            is of each, float32 [K] in [0, 1].
        """


def crop_logits(logits: Tensor, embedding: MaskEmbedding) -> Tensor:
    """Cut the padding off decoder logits: [..., a, b] -> [..., rows, columns]."""
    rows, columns = embedding.grid
    return logits[..., :rows, :columns]
