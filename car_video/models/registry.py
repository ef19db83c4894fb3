"""``load_model``: from a name of the catalog to a pair of models on a device."""

from __future__ import annotations

from importlib import import_module

import torch

from car_video.errors import ModelError
from car_video.models.base import VisionLanguageModel
from car_video.models.catalog import check_name
from car_video.models.device import pick_device, pick_dtype
from car_video.models.freed_memory import keep_freed_memory
from car_video.models.pair import ModelPair


def load_model(
    name: str = "lite",
    device: str | torch.device = "auto",
    dtype: str | torch.dtype | None = None,
) -> ModelPair:
    """A model, ready to use.

    Args:
        name: one of ``car-video models`` (``lite``, ``clip-b16-l14``), any pretrained model of
            open_clip (``ViT-B-16:openai``), one of its architectures with a local file
            (``ViT-B-16:path/to/file.safetensors``), or a checkpoint of FC-CLIP
            (``FCCLIP:path/to/file.pth``).
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
    info = check_name(name)
    if place.type == "cpu":
        keep_freed_memory()
    load = import_module(info.module).load
    proposer: VisionLanguageModel = load(info.proposer, place, precision)
    classifier = load(info.classifier, place, precision) if info.classifier else proposer
    return ModelPair(name, proposer, classifier)
