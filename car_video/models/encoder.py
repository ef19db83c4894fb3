"""An image encoder apart from its model, so that something else than torch may compute it.

``car_video.backends`` has what else there is. A model that is no :class:`EncoderHost` is
computed by torch.
"""

from __future__ import annotations

import copy
import hashlib
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn


class ImageEncoder(Protocol):
    """A float tensor in, feature maps out."""

    def __call__(self, prepared: Tensor) -> tuple[Tensor, ...]:
        """
        Args:
            prepared: float [B, 3, H, W] on the CPU, as :meth:`EncoderHost.prepare` gives it.

        Returns:
            Maps [B, C, h, w]; as many as the network has, with h and w in proportion.
        """
        ...


Host = TypeVar("Host", bound="EncoderHost")


class EncoderHost(Protocol):
    """A model whose image encoder can be replaced.

    Attributes:
        encoder_name: for messages.
        encoder_digest: of the weights.
        usual_side: longest side in pixels of the pictures that the encoder usually sees.
        encoder_stride: sides of prepared pictures are multiples of it.
    """

    usual_side: int

    @property
    def encoder_name(self) -> str: ...

    @property
    def encoder_stride(self) -> int: ...

    @property
    def encoder_digest(self) -> str: ...

    def prepare(self, pixels: Tensor) -> Tensor:
        """RGB float32 [B, 3, H, W] in [0, 1] as the encoder takes it."""
        ...

    def encode_by_torch(self, prepared: Tensor) -> tuple[Tensor, ...]:
        """The encoder that the model was loaded with."""
        ...

    def encoder_network(self) -> nn.Module:
        """The encoder as a network of its own: float32, in evaluation mode, a copy, made of
        operators that ``torch.onnx`` knows."""
        ...

    def with_encoder(self: Host, encoder: ImageEncoder) -> Host:
        """The same model, weights shared, with another encoder."""
        ...


def digest_of(*modules: nn.Module) -> str:
    """SHA-256 of the names, types, shapes and values of all weights."""
    found = hashlib.sha256()
    for module in modules:
        for name, value in sorted(module.state_dict().items()):
            found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            whole = value.detach().cpu().contiguous().view(-1).view(torch.uint8)
            found.update(memoryview(whole.numpy()))
    return found.hexdigest()


def float32_copy(module: nn.Module) -> Any:
    """A copy of a network for export: float32, contiguous, in evaluation mode."""
    copied = copy.deepcopy(module)
    for part in copied.modules():
        known = getattr(part, "attention_bias_cache", None)  # timm's, of another precision
        if known is not None:
            known.clear()
    return copied.float().to(memory_format=torch.contiguous_format).eval()


def with_encoder(host: Host, encoder: ImageEncoder) -> Host:
    """A shallow copy of a model whose attribute ``encoder`` is another one."""
    other: Any = copy.copy(host)
    other.encoder = encoder
    return other
