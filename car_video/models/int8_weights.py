"""Weights at rest: int8 per output channel in safetensors, checked by SHA-256, never unpickled.

Large matrices are stored as int8 with one float32 scale per row (symmetric, so zero stays
zero); everything else is stored in half or full precision. On load all of it becomes float.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from car_video.errors import ModelError

SCALE = "::scale"  # suffix of the tensor that holds the row scales of an int8 tensor


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric int8 per output channel.

    Args:
        weight: float [O, ...].

    Returns:
        int8 [O, ...] and float32 scales [O]; ``dequantise`` differs by at most half a step.
    """
    flat = weight.detach().float().flatten(1)
    scale = flat.abs().amax(1).clamp_min(1e-12) / 127
    rounded = (flat / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
    return rounded.view_as(weight), scale


def dequantise(weight: Tensor, scale: Tensor) -> Tensor:
    """Inverse of :func:`quantise`, float32."""
    return weight.float() * scale.view(-1, *[1] * (weight.ndim - 1))


def pack(state: dict[str, Tensor], minimum: int = 4096, half: bool = True) -> dict[str, Tensor]:
    """A state dict ready for the disk.

    Args:
        state: float tensors by name; integer tensors are kept as they are.
        minimum: matrices and kernels with fewer entries are not quantised.
        half: store what is not quantised as float16 rather than float32.
    """
    packed: dict[str, Tensor] = {}
    for name, value in state.items():
        if value.is_floating_point() and value.ndim >= 2 and value.numel() >= minimum:
            packed[name], packed[name + SCALE] = quantise(value)
        elif value.is_floating_point():
            packed[name] = value.half() if half else value.float()
        else:
            packed[name] = value
    return {name: value.contiguous() for name, value in packed.items()}


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """The float32 state dict that :func:`pack` was given, up to rounding."""
    state: dict[str, Tensor] = {}
    for name, value in packed.items():
        if name.endswith(SCALE):
            continue
        if name + SCALE in packed:
            state[name] = dequantise(value, packed[name + SCALE])
        else:
            state[name] = value.float() if value.is_floating_point() else value
    return state


def save(state: dict[str, Tensor], path: Path) -> str:
    """Write a packed state dict; returns the SHA-256 of the file."""
    save_file(state, str(path))
    return sha256(path)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def check(path: Path, digest: str) -> None:
    """Raises ModelError where a bundled file is missing, damaged or another one."""
    if not path.is_file():
        raise ModelError(f"bundled weights are missing: {path.name}; reinstall car-video")
    if sha256(path) != digest:
        raise ModelError(f"bundled weights are damaged: {path.name}; reinstall car-video")


def load(path: Path, digest: str) -> dict[str, Tensor]:
    """Read a bundled weight file after checking that it is the one we shipped.

    Raises:
        ModelError: the file is missing, damaged or not the one that was shipped.
    """
    check(path, digest)
    try:
        return unpack(load_file(str(path)))
    except SafetensorError as error:
        raise ModelError(f"{path.name} is not a readable safetensors file: {error}") from None
