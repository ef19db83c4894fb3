"""Models that are shared while they are in use, instead of being loaded again."""

from __future__ import annotations

from importlib import import_module
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

import torch

from car_video.models.device import fastest_dtype

T = TypeVar("T")


class SharedModels(Generic[T]):
    """Models of one kind, by module, source, device and precision."""

    def __init__(self) -> None:
        self._loaded: WeakValueDictionary[tuple[Any, ...], T] = WeakValueDictionary()
        self._lock = Lock()

    def load(
        self, module: str, source: str, device: torch.device, dtype: torch.dtype | None
    ) -> T:
        """A model; one that is in use already is shared.

        Args:
            module: its function ``load(source, device, dtype)`` gives the model.
            source: what that understands.
            device: where to put it.
            dtype: what matrix products compute in; None takes the fastest that the device has
                natively.

        Raises:
            ModelError: as the module does.
        """
        dtype = dtype or fastest_dtype(device)
        key = module, source, str(device), dtype
        with self._lock:
            model = self._loaded.get(key)
            if model is None:
                model = import_module(module).load(source, device, dtype)
                self._loaded[key] = model
            return model
