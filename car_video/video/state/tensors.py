"""State as flat tensors: names with dots, checked when it is read back, and as bytes of a file.

Each class of the video part has a ``state_dict`` and a ``load_state_dict`` of its own; here is
what they share. A state holds the tensors themselves, not copies: nothing may change them in
place, so that taking a state is free and it stays as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from car_video.errors import ConfigError

State: TypeAlias = dict[str, Tensor]
FORMAT = 9
FRAME = "frame"  # in a file: number of the last frame that the state has seen


def joined(parts: Mapping[str, State]) -> State:
    """``{"a": {"b": t}}`` as ``{"a.b": t}``."""
    return {
        f"{name}.{key}": value for name, part in parts.items() for key, value in part.items()
    }


def part_of(state: Mapping[str, Tensor], name: str) -> State:
    """What :func:`joined` has put under ``name``; empty where there is nothing."""
    start = f"{name}."
    return {key[len(start) :]: value for key, value in state.items() if key.startswith(start)}


def take(
    state: Mapping[str, Tensor], key: str, dtype: torch.dtype, shape: tuple[int | None, ...]
) -> Tensor:
    """A tensor of a state.

    Args:
        state: where to look.
        key: its name.
        dtype: it must have.
        shape: sizes it must have, None where any will do.

    Raises:
        ConfigError: it is missing or of another kind.
    """
    if key not in state:
        raise ConfigError(f"the state lacks '{key}'; it is damaged or not of a segmenter")
    value = state[key]
    fits = value.dtype == dtype and value.ndim == len(shape)
    if not fits or any(w not in (None, n) for w, n in zip(shape, value.shape, strict=True)):
        want = ", ".join("any" if n is None else str(n) for n in shape)
        raise ConfigError(
            f"'{key}' of the state must be {str(dtype)[6:]} [{want}], got "
            f"{str(value.dtype)[6:]} {list(value.shape)}; it is of a segmenter with other "
            "settings"
        )
    return value


def as_array(value: Tensor) -> NDArray[Any]:
    """A copy as an array."""
    return np.array(value.detach().cpu().numpy())


def as_text(value: Any) -> Tensor:
    """Plain data as JSON in UTF-8: uint8 [bytes]."""
    data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


def from_text(value: Tensor) -> Any:
    """Back from :func:`as_text`. Raises ConfigError where it is not that."""
    try:
        return json.loads(value.cpu().numpy().tobytes().decode("utf-8", "surrogatepass"))
    except ValueError:
        raise ConfigError("the state is damaged: its description is not JSON") from None


def unpack(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The description of a segmenter's state, ``about``, with the names of all its tensors.

    Raises:
        ConfigError: there is none, or other tensors than it says.
    """
    about = from_text(take(state, "about", torch.uint8, (None,)))
    if not isinstance(about, dict) or not isinstance(about.get("tensors"), list):
        raise ConfigError("the state is damaged: its description is not whole")
    other = sorted({*map(str, about["tensors"]), "about"} ^ state.keys())
    if other:
        raise ConfigError(
            f"the state is damaged: '{other[0]}' is missing or should not be there"
        )
    return about


def to_bytes(state: Mapping[str, Tensor], frame: int) -> bytes:
    """A state as a safetensors file.

    Args:
        state: of a segmenter.
        frame: index of the last frame it has seen.
    """
    # Own memory for each, as the format wants: the anchor may be one of the recent frames.
    plain = {key: value.detach().cpu().clone().contiguous() for key, value in state.items()}
    return bytes(save(plain, {FRAME: str(frame)}))


def from_bytes(data: bytes) -> tuple[State, int]:
    """Back from :func:`to_bytes`: the state and the index of its frame.

    Raises:
        ConfigError: not such a file, or damaged.
    """
    try:
        state = load(data)
        length = int.from_bytes(data[:8], "little")
        frame = int(json.loads(data[8 : 8 + length])["__metadata__"][FRAME])
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"the stored state is damaged: {reason}") from None
    return state, frame
