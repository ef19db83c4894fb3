"""Which device and which precision to compute with."""

from __future__ import annotations

import torch

from car_video.errors import ModelError

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float64": torch.float64,
}


def pick_device(name: str | torch.device = "auto") -> torch.device:
    """A device that is really there.

    Args:
        name: "auto", "cpu", "cuda", "cuda:1", "mps". "auto" is CUDA or else the CPU. MPS is
            never taken unasked: torch lacks antialiased resizing and pooling to grids that do
            not divide the map there (docs/models.md).

    Raises:
        ModelError: not a device, or not on this machine.
    """
    text = str(name)
    if text == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(text)
    except RuntimeError:
        device = torch.device("meta")
    numbered = device.type != "cuda" and device.index  # there is one CPU and one Apple GPU
    if device.type not in ("cpu", "cuda", "mps") or numbered:
        raise ModelError(f"unknown device '{text}'; choose auto, cpu, cuda, cuda:N or mps")
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not count:
            raise ModelError(f"no CUDA GPU for device '{text}'; use --device auto or cpu")
        if (device.index or 0) >= count:
            last = "cuda" if count == 1 else f"cuda:0 to cuda:{count - 1}"
            raise ModelError(f"no device '{text}' here; there is {last}")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError("no Apple GPU for device 'mps'; use --device auto or cpu")
    return device


def pick_dtype(name: str | torch.dtype) -> torch.dtype:
    """A dtype by name ("float32", "bfloat16", "float16", "float64") or as it is.

    Raises:
        ModelError: another name.
    """
    dtype = DTYPES.get(str(name).removeprefix("torch."))
    if dtype is None:
        raise ModelError(f"unknown dtype '{name}'; choose {', '.join(DTYPES)}")
    return dtype


def fastest_dtype(device: torch.device) -> torch.dtype:
    """The fastest dtype that the device multiplies natively, at least as wide as bfloat16.

    CUDA below compute capability 8.0 (T4, V100) only emulates bfloat16, which
    ``torch.cuda.is_bf16_supported`` counts as support: it gets float16.
    """
    if device.type == "cpu":
        native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
        return torch.bfloat16 if native else torch.float32
    if device.type == "cuda":
        ampere = torch.cuda.get_device_capability(device) >= (8, 0)
        return torch.bfloat16 if ampere else torch.float16
    return torch.float32
