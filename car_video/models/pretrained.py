"""Networks of transformers with weights of the hub or of a folder, loaded without its registry.

Only ``config.json`` and ``model.safetensors`` are read, and nothing that a file names is run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

from car_video.config.cache import cache_folder
from car_video.errors import ModelError
from car_video.models.folders import CONFIG, WEIGHTS
from car_video.models.hub import hub_file


@dataclass(frozen=True)
class Architecture:
    """A network of transformers.

    Attributes:
        model: names of its class, as ``config``.
        config: of its configuration's.
        since: version of transformers that has them.
    """

    model: str
    config: str
    since: str


def load_network(
    source: str,
    architectures: Mapping[str, Architecture],
    device: torch.device,
    setting: str,
    instead: str,
) -> nn.Module:
    """A network on its device, in float32; weights are fetched on first use.

    Args:
        source: a folder with ``config.json`` and ``model.safetensors``, or a repository of the
            hub that has both.
        architectures: those allowed, by ``model_type`` in ``config.json``.
        device: where to put it.
        setting: that named it, for messages.
        instead: what else can be done, for messages.

    Raises:
        ModelError: weights missing, damaged or not fitting, another architecture, a version of
            transformers without the network, or not enough memory.
    """
    name = Path(source).name
    network = _build(name, *_files(source, name, instead), architectures, setting, instead)
    try:
        return network.to(device)
    except torch.OutOfMemoryError:
        raise ModelError(
            f"'{name}' does not fit into the memory of {device}; take a smaller {setting}"
        ) from None


def _files(source: str, name: str, instead: str) -> tuple[Path, Path]:
    """Configuration and weights of a folder or of a repository."""
    if Path(source).is_dir():
        return Path(source) / CONFIG, Path(source) / WEIGHTS
    placed = cache_folder() / "weights" / name
    config, weights = (
        hub_file(name, source, (file,), placed / file, f"or {instead}")
        for file in (CONFIG, WEIGHTS)
    )
    return config, weights


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep the library's notices off the terminal, e.g. that a video memory is left out."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def _settings(config: Path) -> tuple[str, dict[str, Any]]:
    """``model_type`` and everything else of a configuration."""
    try:
        settings = json.loads(config.read_text("utf-8"))
        return str(settings.pop("model_type")), settings
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise ModelError(
            f"{config} is damaged or no model's; delete it and try again"
        ) from None


def _build(
    name: str,
    config: Path,
    weights: Path,
    architectures: Mapping[str, Architecture],
    setting: str,
    instead: str,
) -> nn.Module:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    kind, settings = _settings(config)
    if kind not in architectures:
        raise ModelError(
            f"{config} is of a '{kind}'; {setting} takes {', '.join(architectures)}"
        )
    architecture = architectures[kind]
    model = getattr(transformers, architecture.model, None)
    if model is None:
        raise ModelError(
            f"'{name}' needs transformers {architecture.since} or newer, "
            f"{transformers.__version__} is installed; upgrade it, or {instead}"
        )
    try:
        state = load_file(str(weights))
    except (SafetensorError, OSError):
        raise ModelError(
            f"{weights} is damaged or no safetensors file; delete it and try again"
        ) from None
    try:
        with quiet_transformers():
            network, report = model.from_pretrained(
                None,
                config=getattr(transformers, architecture.config).from_dict(settings),
                state_dict=state,
                output_loading_info=True,
            )
    except (RuntimeError, ValueError, TypeError, LookupError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{weights} does not hold the weights of '{name}': {reason}") from None
    missing = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
    if missing:
        raise ModelError(
            f"{weights} does not hold the weights of '{name}': {len(missing)} tensors are "
            f"missing or of another size, such as {missing[0]}"
        )
    found: nn.Module = network
    return found.requires_grad_(False).eval()
