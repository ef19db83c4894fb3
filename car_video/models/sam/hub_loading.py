"""Networks of :mod:`car_video.models.sam.hub` with weights of the hub or of a folder."""

from __future__ import annotations

import torch

from car_video.models.device import fastest_dtype
from car_video.models.numerics import in_standard_torch
from car_video.models.pretrained import load_network
from car_video.models.sam.hub import FAMILIES, HubSam

INSTEAD = "set sam.model: mobile, which needs no download"


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
    network = load_network(source, FAMILIES, device, "sam.model", INSTEAD)
    return HubSam(network, fastest_dtype(device) if dtype is None else dtype)
