"""Checkpoints of FC-CLIP: read safely, checked name by name, written as safetensors.

Of a pickle (``.pth``) tensors are read and nothing else (torch's ``weights_only``); a file that
holds code is refused, not opened.
"""

from __future__ import annotations

import pickle
import pickletools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from car_video.errors import ModelError
from car_video.models.fcclip.architecture import Architecture, architecture_of
from car_video.models.fcclip.key_map import CLIP, IGNORED, TRAINED, numbered, official_name
from car_video.models.fcclip.names import SAFE, check_suffix
from car_video.models.fcclip.network import TrainedPart
from car_video.models.numerics import in_standard_torch

NESTED = ("model", "state_dict", "model_state_dict")
"""Keys under which trainers put the weights; the first that holds a dictionary is taken."""

_SHOWN = 3  # names in a message


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds.

    Attributes:
        trained: float32, by official name.
        clip: the frozen CLIP by open_clip's names; empty where the file has none, as the
            published one of ConvNeXt-L.
    """

    trained: dict[str, Tensor]
    clip: dict[str, Tensor]

    @property
    def architecture(self) -> Architecture:
        """Sizes of the network.

        Raises:
            ModelError: the tensors are not those of an FC-CLIP.
        """
        return architecture_of({name: tuple(t.shape) for name, t in self.trained.items()})


def read_checkpoint(path: Path) -> Checkpoint:
    """The tensors of a file, sorted into the trained part and CLIP.

    Raises:
        ModelError: no checkpoint by its name, damaged, a pickle with code, without tensors, of
            another network, or with numbers that are not finite.
    """
    check_suffix(path)
    state = _load_safe(path) if path.suffix.lower() == SAFE else _load_pickle(path)
    for key in NESTED:
        if isinstance(state.get(key), Mapping):
            state = state[key]
            break
    tensors = {
        str(name).removeprefix("module."): value
        for name, value in state.items()
        if torch.is_tensor(value)
    }
    trained: dict[str, Tensor] = {}
    clip: dict[str, Tensor] = {}
    others: list[str] = []
    for name, tensor in tensors.items():
        if name.startswith(TRAINED):
            trained[name] = tensor.float()
        elif name.startswith(CLIP):
            clip[name.removeprefix(CLIP)] = tensor
        elif not name.startswith(IGNORED):
            others.append(name)
    if not trained:
        found = f"; it has {_listed(others)}" if others else ""
        raise ModelError(f"'{path}' is no FC-CLIP checkpoint{found}")
    if others:
        raise ModelError(f"'{path}' has tensors that FC-CLIP has not: {_listed(others)}")
    if whole := [name for name in trained if not tensors[name].is_floating_point()]:
        raise ModelError(f"'{path}' has whole numbers where weights belong: {_listed(whole)}")
    clip.pop("attn_mask", None)  # of old files; made anew by the tower
    if bad := [name for name, t in trained.items() if not bool(t.isfinite().all())]:
        raise ModelError(f"'{path}' has numbers that are not finite in {_listed(bad)}")
    return Checkpoint(trained, clip)


@in_standard_torch
def build_trained_part(checkpoint: Checkpoint, source: str) -> TrainedPart:
    """The trained part with a checkpoint's weights, on the CPU.

    Args:
        checkpoint: its sizes decide the network's.
        source: for messages.

    Raises:
        ModelError: tensors that are missing, superfluous or of another shape, each kind with
            its first names.
    """
    try:
        architecture = checkpoint.architecture
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from None
    try:
        with torch.device("meta"):
            part = TrainedPart(architecture)
    except (ValueError, RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{source} has sizes that no FC-CLIP has: {reason}") from None
    wanted = {official_name(name): name for name in part.state_dict()}
    given = checkpoint.trained
    shapes = {official: part.state_dict()[ours].shape for official, ours in wanted.items()}
    faults = {
        "is missing": numbered(wanted.keys() - given.keys()),
        "has superfluous": numbered(given.keys() - wanted.keys()),
        "has in another shape": [
            f"{name} {list(given[name].shape)} for {list(shapes[name])}"
            for name in numbered(wanted.keys() & given.keys())
            if given[name].shape != shapes[name]
        ],
    }
    told = [f"{fault} {_listed(names)}" for fault, names in faults.items() if names]
    if told:
        raise ModelError(f"{source} does not fit FC-CLIP: it {'; it '.join(told)}")
    part.load_state_dict({wanted[n]: t for n, t in given.items()}, strict=True, assign=True)
    return part


def convert(source: Path, target: Path, *, keep_clip: bool = False) -> Checkpoint:
    """Write a checkpoint as safetensors, with the released names.

    Args:
        source: a file that :func:`read_checkpoint` reads, checked whole before anything is
            written.
        target: ends with ``.safetensors``.
        keep_clip: also write the frozen CLIP, if the file holds it.

    Raises:
        ModelError: see :func:`read_checkpoint` and :func:`build_trained_part`; another suffix.
    """
    if target.suffix != SAFE:
        raise ModelError(f"'{target}' must end with {SAFE}")
    checkpoint = read_checkpoint(source)
    build_trained_part(checkpoint, f"'{source}'")
    tensors = dict(checkpoint.trained)
    if keep_clip:
        tensors |= {CLIP + name: tensor for name, tensor in checkpoint.clip.items()}
    partial = target.with_name(f".{target.name}.partial")
    try:
        save_file({name: t.clone().contiguous() for name, t in tensors.items()}, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return checkpoint


def _load_safe(path: Path) -> dict[str, Any]:
    try:
        return dict(load_file(path))
    except SafetensorError:
        raise ModelError(f"'{path}' is damaged or no safetensors file") from None


def _load_pickle(path: Path) -> dict[str, Any]:
    scalars: list[Any] = [np.dtype, type(np.dtype(np.float64)), type(np.dtype(np.float32))]
    scalars.append(type(np.dtype(np.int64)))
    scalars.append((np.float64(0).__reduce__()[0], "numpy.core.multiarray.scalar"))
    scalars.append((np.float64(0).__reduce__()[0], "numpy._core.multiarray.scalar"))
    try:
        with torch.serialization.safe_globals(scalars), warnings.catch_warnings():
            # Numbers in a trainer's state are allowed. Of unusual pickles torch warns.
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "global" in str(error).lower() or _calls_something(path):
            raise ModelError(
                f"'{path}' holds more than tensors, which may run code when it is opened; it "
                "was not opened. Save its weights alone as .safetensors"
            ) from None
        raise ModelError(f"'{path}' is damaged or no checkpoint of torch") from None
    except (RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(f"'{path}' is damaged, truncated or no checkpoint of torch") from None
    if not isinstance(state, dict):
        raise ModelError(f"'{path}' holds a {type(state).__name__}, not weights by name")
    return state


def _calls_something(path: Path) -> bool:
    """Whether a plain pickle calls a function when it is opened; reads it, runs nothing."""
    try:
        with path.open("rb") as file:
            return any(code.name == "REDUCE" for code, _, _ in pickletools.genops(file))
    except (ValueError, UnicodeDecodeError):
        return False  # no pickle from some place on


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more
