"""``load_model``: from a name to a pair of models on a device.

A name is a preset (``lite``, ``clip-b16-l14``), any pretrained model of open_clip as
``ARCHITECTURE:weights`` (``ViT-B-16:openai``), or an architecture with a local file
(``ViT-B-16:path/to/file.safetensors``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from car_video.errors import ModelError
from car_video.models.base import VisionLanguageModel
from car_video.models.catalog import PRESETS, SAFE, take_apart
from car_video.models.device import pick_device, pick_dtype
from car_video.models.hub import hub_folder, quiet_hub, weights_file
from car_video.models.pair import ModelPair

if TYPE_CHECKING:
    from car_video.models.clip.base import OpenClipModel


def load_model(
    name: str = "lite",
    device: str | torch.device = "auto",
    dtype: str | torch.dtype | None = None,
) -> ModelPair:
    """A model, ready to use.

    Args:
        name: see the module.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        dtype: what matrix products compute in; None: what is fast and safe on the device
            (float16 on CUDA as the reference, else float32; ``lite`` chooses for itself).

    Returns:
        Proposer and classifier; one and the same unless the name is a pair's.

    Raises:
        ModelError: unknown name, device not there, weights missing, damaged or not fitting.
    """
    place = pick_device(device)
    precision = None if dtype is None else pick_dtype(dtype)
    if precision == torch.float16 and place.type == "cpu":
        raise ModelError("float16 is very slow on a CPU; use bfloat16 or float32")
    preset = next((p for p in PRESETS if p.name == name), None)
    if preset is not None and not preset.proposer:
        from car_video.models.lite.model import load_lite

        lite = cast(VisionLanguageModel, load_lite(place, precision))
        return ModelPair(name, lite, lite)
    proposer, classifier = name, ""
    if preset is not None:
        proposer, classifier = preset.proposer, preset.classifier
    if precision is None:
        precision = torch.float16 if place.type == "cuda" else torch.float32
    first: VisionLanguageModel = load_open_clip(proposer, place, precision)
    second = load_open_clip(classifier, place, precision) if classifier else first
    return ModelPair(name, first, second)


def load_open_clip(name: str, device: torch.device, dtype: torch.dtype) -> OpenClipModel:
    """One model of open_clip.

    Args:
        name: ``ARCHITECTURE:weights``, weights being a tag or a ``.safetensors`` file.
        device: from :func:`pick_device`.
        dtype: see :func:`load_model`.

    Raises:
        ModelError: see :func:`load_model`.
    """
    from car_video.models.clip.base import OPENAI_SCALING, wrap
    from car_video.models.clip.layers import UnsupportedLayer

    architecture, weights, tag_config = resolve(name)
    path = weights if isinstance(weights, Path) else None
    if path is None:
        path = weights_file(architecture, str(weights), tag_config.get("hf_hub", ""))
    network, tokenizer = _build(architecture, path, tag_config, device)
    scaling = (
        tag_config.get("mean", OPENAI_SCALING[0]),
        tag_config.get("std", OPENAI_SCALING[1]),
    )
    try:
        return wrap(name, network, tokenizer, scaling, dtype)
    except UnsupportedLayer as reason:
        raise ModelError(
            f"'{architecture}' cannot be used for segmentation ({reason}); "
            "ViT, ResNet and ConvNeXt models can"
        ) from None


def resolve(name: str) -> tuple[str, Path | str, dict[str, Any]]:
    """Take ``ARCHITECTURE:weights`` apart and check that both exist.

    Returns:
        Architecture; local file, or tag; open_clip's configuration of the tag, empty for a
        file.

    Raises:
        ModelError: unknown architecture or tag, no such file, a pickle file.
    """
    import open_clip

    architecture, weights = take_apart(name)
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    config = open_clip.get_pretrained_cfg(architecture, weights) if weights else None
    if config:
        tag = next(t for t in tags if open_clip.get_pretrained_cfg(architecture, t) == config)
        return architecture, tag, dict(config)
    if Path(weights).suffix == SAFE:
        return architecture, Path(weights).expanduser(), {}
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
    import open_clip
    from safetensors import SafetensorError

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
