"""Networks of :mod:`car_video.models.sam.hub` with weights of the hub or of a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from torch import nn

from car_video.config.cache import cache_folder
from car_video.errors import ModelError
from car_video.models.device import fastest_dtype
from car_video.models.hub import hub_file
from car_video.models.numerics import in_standard_torch
from car_video.models.sam.catalog import CONFIG, WEIGHTS
from car_video.models.sam.hub import FAMILIES, HubSam


@in_standard_torch
def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> HubSam:
    """A mask model of transformers; weights are fetched on first use.

    Args:
        source: a folder with ``config.json`` and ``model.safetensors``, or a repository of the
            hub that has both.
        device: where to put it.
        dtype: what matrix products compute in; None takes the fastest that the device has
            natively.

    Raises:
        ModelError: see :func:`~car_video.models.sam.registry.load_mask_model`.
    """
    name = Path(source).name
    network = _build(name, *_files(source, name))
    try:
        network.to(device)
    except torch.OutOfMemoryError:
        raise ModelError(
            f"'{name}' does not fit into the memory of {device}; take a smaller sam.model"
        ) from None
    return HubSam(network, fastest_dtype(device) if dtype is None else dtype)


def _files(source: str, name: str) -> tuple[Path, Path]:
    """Configuration and weights of a folder or of a repository."""
    if Path(source).is_dir():
        return Path(source) / CONFIG, Path(source) / WEIGHTS
    placed = cache_folder() / "weights" / name
    hint = "or set sam.model: mobile, which needs no download"
    config, weights = (
        hub_file(name, source, (file,), placed / file, hint) for file in (CONFIG, WEIGHTS)
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


def _build(name: str, config: Path, weights: Path) -> nn.Module:
    """The network with its weights; nothing that a file names is run."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        settings = json.loads(config.read_text("utf-8"))
        kind = settings.pop("model_type")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise ModelError(
            f"{config} is damaged or no model's; delete it and try again"
        ) from None
    if kind not in FAMILIES:
        raise ModelError(f"{config} is of a '{kind}'; sam.model takes {', '.join(FAMILIES)}")
    family = FAMILIES[kind]
    model = getattr(transformers, family.model, None)
    if model is None:
        raise ModelError(
            f"'{name}' needs transformers {family.since} or newer, {transformers.__version__} "
            "is installed; upgrade it, or set sam.model: mobile"
        )
    try:
        state = load_file(str(weights))
    except SafetensorError:
        raise ModelError(
            f"{weights} is damaged or no safetensors file; delete it and try again"
        ) from None
    try:
        with quiet_transformers():
            network, report = model.from_pretrained(
                None,
                config=getattr(transformers, family.config).from_dict(settings),
                state_dict=state,
                output_loading_info=True,
            )
    except (RuntimeError, ValueError, TypeError, LookupError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{weights} does not hold the weights of '{name}': {reason}") from None
    if report["missing_keys"] or report["mismatched_keys"]:
        raise ModelError(
            f"{weights} does not hold the weights of '{name}': tensors are missing"
        )
    found: nn.Module = network
    return found
