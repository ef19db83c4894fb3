"""``load_mask_model``: from a name of the catalog to a mask model on a device."""

from __future__ import annotations

import torch

from car_video.models.sam.base import MaskModel
from car_video.models.sam.catalog import resolve_mask_model
from car_video.models.shared import SharedModels

_models: SharedModels[MaskModel] = SharedModels()


def load_mask_model(
    name: str, device: torch.device, dtype: torch.dtype | None = None
) -> MaskModel:
    """A mask model by name. One that is in use already is shared, not loaded again.

    Args:
        name: see :func:`~car_video.models.sam.catalog.resolve_mask_model`.
        device: where to put it.
        dtype: what matrix products compute in; None takes the fastest that the device has
            natively.

    Raises:
        ModelError: unknown name, weights missing, damaged or not fitting, or a version of
            transformers that does not have the network.
    """
    info = resolve_mask_model(name)
    return _models.load(info.module, info.source, device, dtype)
