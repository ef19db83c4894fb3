"""open_clip's networks by name, with weights of the hub or of a file.

A name is any pretrained model of open_clip as ``ARCHITECTURE:WEIGHTS`` (``ViT-B-16:openai``),
or an architecture with a local file (``ViT-B-16:path/to/file.safetensors``).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors import SafetensorError

from car_video.errors import ModelError
from car_video.models.clip.base import OPENAI_SCALING, OpenClipModel
from car_video.models.clip.factory import model_from_network
from car_video.models.clip.layers import UnsupportedLayer
from car_video.models.clip.names import SAFE, take_apart
from car_video.models.hub import hub_folder, quiet_hub, weights_file
from car_video.models.numerics import in_standard_torch


@in_standard_torch
def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> OpenClipModel:
    """One model of open_clip.

    Args:
        source: ``ARCHITECTURE:WEIGHTS``, the weights being a tag or a ``.safetensors`` file.
        device: where to put it.
        dtype: of the image tower; None takes float16 on CUDA, as the reference of CaR does, and
            float32 elsewhere.

    Raises:
        ModelError: see :func:`car_video.models.load_model`.
    """
    if dtype is None:
        dtype = torch.float16 if device.type == "cuda" else torch.float32
    architecture, weights, tag_config = resolve(source)
    path = weights if isinstance(weights, Path) else None
    if path is None:
        path = weights_file(architecture, str(weights), tag_config.get("hf_hub", ""))
    network, tokenizer = _build(architecture, path, tag_config, device)
    scaling = (
        tag_config.get("mean", OPENAI_SCALING[0]),
        tag_config.get("std", OPENAI_SCALING[1]),
    )
    try:
        return model_from_network(source, network, tokenizer, scaling, dtype)
    except UnsupportedLayer as reason:
        raise ModelError(
            f"'{architecture}' cannot be used for segmentation ({reason}); "
            "ViT, ResNet and ConvNeXt models can"
        ) from None


def resolve(name: str) -> tuple[str, Path | str, dict[str, Any]]:
    """Take ``ARCHITECTURE:weights`` apart and check that both exist.

    Args:
        name: ``ARCHITECTURE:WEIGHTS``.

    Returns:
        Architecture; local file, or tag; open_clip's configuration of the tag, empty for a
        file.

    Raises:
        ModelError: unknown architecture or tag, no such file, a pickle file.
    """
    architecture, weights = take_apart(name)
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    config = open_clip.get_pretrained_cfg(architecture, weights) if weights else None
    if config:
        tag = next(t for t in tags if open_clip.get_pretrained_cfg(architecture, t) == config)
        return architecture, tag, dict(config)
    if Path(weights).suffix == SAFE:
        return architecture, Path(os.path.expanduser(weights)), {}
    choice = ", ".join(tags) if tags else "none published, give a .safetensors file"
    if not weights:
        raise ModelError(f"say which weights as '{architecture}:WEIGHTS'; there are: {choice}")
    raise ModelError(f"{architecture} has no weights '{weights}'; there are: {choice}")


def _build(
    architecture: str,
    path: Path,
    tag_config: dict[str, Any],
    device: torch.device,
) -> tuple[Any, Any]:
    """open_clip's network with its weights, and its tokenizer."""
    try:
        with quiet_hub(), quiet_root_logger():
            network = open_clip.create_model(
                architecture,
                pretrained=str(path),
                device=device,
                force_quick_gelu=bool(tag_config.get("quick_gelu")),
                pretrained_text=False,
                cache_dir=str(hub_folder()),
            )
            tokenizer = open_clip.get_tokenizer(architecture, cache_dir=str(hub_folder()))
    except torch.OutOfMemoryError:
        raise ModelError(f"'{architecture}' does not fit into the memory of {device}") from None
    except SafetensorError:
        raise ModelError(
            f"{path} is damaged or no safetensors file; delete it and try again"
        ) from None
    except (RuntimeError, LookupError, ValueError, AssertionError, StopIteration) as error:
        raise ModelError(
            f"{path} does not hold the weights of {architecture}: {_first_reason(error)}"
        ) from None
    except OSError as error:
        raise ModelError(
            f"'{architecture}' needs a text tokenizer from the Hugging Face hub, which cannot "
            f"be had ({_first_reason(error)}); use --model lite, which needs no download"
        ) from None
    return network, tokenizer


def _first_reason(error: BaseException) -> str:
    """The second line of torch's state-dict report, or the first of any other message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["unknown"]
    line = (
        lines[1] if len(lines) > 1 and lines[0].startswith("Error(s) in loading") else lines[0]
    )
    return line if len(line) <= 160 else line[:157] + "..."


@contextmanager
def quiet_root_logger() -> Iterator[None]:
    """Keep open_clip's notices, which go to the root logger, off the terminal."""
    root = logging.getLogger()

    def only_errors(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    root.addFilter(only_errors)
    try:
        yield
    finally:
        root.removeFilter(only_errors)
