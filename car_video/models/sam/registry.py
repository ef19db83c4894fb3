"""``load_mask_model``: from a name of the catalog to a mask model on a device."""

from __future__ import annotations

from importlib import import_module
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import torch

from car_video.models.device import fastest_dtype
from car_video.models.sam.base import MaskModel
from car_video.models.sam.catalog import resolve_mask_model

_loaded: WeakValueDictionary[tuple[Any, ...], MaskModel] = WeakValueDictionary()
_lock = Lock()


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
    dtype = dtype or fastest_dtype(device)
    key = info.module, info.source, str(device), dtype
    with _lock:
        model = _loaded.get(key)
        if model is None:
            model = import_module(info.module).load(info.source, device, dtype)
            _loaded[key] = model
        return model
