"""What the algorithm asks of a promptable mask model, and how one is loaded by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from weakref import WeakValueDictionary

import torch
from torch import Tensor, nn

from car_video.models.sam.registry import MOBILE

TRAINED_SIDE = 1024  # side of the square that SAM's positions are relative to


class MaskEmbedding(Protocol):
    """A picture that a mask model has looked at; the rest is the model's own business."""

    @property
    def tokens(self) -> Tensor:
        """[1, C, h, w] of the picture; masks come on its device."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of mask logits without padding; they span the whole picture."""

    def to(self, dtype: torch.dtype) -> MaskEmbedding:
        """The same at another precision, for those that have to wait."""


class MaskModel(Protocol):
    """Encode a picture once, ask for many masks."""

    def encode(
        self, pixels: Tensor, side: int = TRAINED_SIDE, shape: tuple[int, int] | None = None
    ) -> MaskEmbedding:
        """Embed one picture.

        Args:
            pixels: float32 [1, 3, H, W], RGB in [0, 1].
            side: longest side in pixels that the encoder may see.
            shape: (H, W), multiples of 16, that the picture is to fit into instead, padded to
                it. Models that were trained at one size see the picture at that always.
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

    def parameters(self) -> Iterator[nn.Parameter]:
        """Of the network, as of any ``nn.Module``."""


def crop_logits(logits: Tensor, embedding: MaskEmbedding) -> Tensor:
    """Cut the padding off decoder logits: [..., a, b] -> [..., rows, columns]."""
    rows, columns = embedding.grid
    return logits[..., :rows, :columns]


_loaded: WeakValueDictionary[tuple[str, str], Any] = WeakValueDictionary()


def load_mask_model(name: str, device: torch.device) -> MaskModel:
    """A mask model by name; one that is in use already is shared.

    Args:
        name: ``mobile``, one of :data:`~car_video.models.sam.registry.HUB_MODELS`, or a folder
            with ``config.json`` and ``model.safetensors`` of such a model.
        device: where to put it.

    Raises:
        ModelError: unknown name, weights missing, damaged or not fitting, or a version of
            transformers that does not have the network.
    """
    if name == MOBILE:
        from car_video.models.sam.mobile_sam import load_mobile_sam

        return load_mobile_sam(device)
    key = (name, str(device))
    model = _loaded.get(key)
    if model is None:
        from car_video.models.sam.hub_loading import load_hub_sam

        model = _loaded[key] = load_hub_sam(name, device)
    found: MaskModel = model
    return found
