"""The neck: channels standardised, decorrelated and cut to the strongest directions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_DEVIATION = 1e-3


@dataclass(frozen=True)
class Whitening:
    """z = ((x - mean) / deviation) @ basis.

    Attributes:
        mean, deviation: float32 [C].
        basis: float32 [C, k].
    """

    mean: Tensor
    deviation: Tensor
    basis: Tensor

    def __call__(self, cells: Tensor) -> Tensor:
        """[..., C] -> [..., k]."""
        return ((cells - self.mean) / self.deviation) @ self.basis

    def as_linear(self) -> tuple[Tensor, Tensor]:
        """The same as weight [k, C] and bias [k] of a linear layer."""
        weight = (self.basis / self.deviation[:, None]).T
        return weight.contiguous(), -(weight @ self.mean)

    def tensors(self, prefix: str) -> dict[str, Tensor]:
        """For a safetensors file."""
        return {
            f"{prefix}.mean": self.mean,
            f"{prefix}.deviation": self.deviation,
            f"{prefix}.basis": self.basis.contiguous(),
        }

    @classmethod
    def from_tensors(cls, state: dict[str, Tensor], prefix: str) -> Whitening:
        """Inverse of :meth:`tensors`."""
        return cls(*(state[f"{prefix}.{name}"] for name in ("mean", "deviation", "basis")))


def fit_whitening(cells: Tensor, channels: int, softness: float) -> Whitening:
    """PCA of standardised channels; direction i is divided by sqrt(eigenvalue i + softness).

    Args:
        cells: float32 [n, C].
        channels: k, strongest directions that are kept.
        softness: 0 is full whitening; more leaves weak directions weak.
    """
    mean = cells.mean(0)
    deviation = cells.std(0) + SMALLEST_DEVIATION
    unit = (cells - mean) / deviation
    values, vectors = torch.linalg.eigh(unit.T @ unit / len(unit))
    values, vectors = values.flip(0)[:channels], vectors.flip(1)[:, :channels]
    return Whitening(mean, deviation, vectors / (values + softness).sqrt())
