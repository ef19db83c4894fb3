"""``load_video_memory``: from a name of the catalog to a video memory on a device."""

from __future__ import annotations

import torch

from car_video.models.shared import SharedModels
from car_video.models.video_memory.base import VideoMemory
from car_video.models.video_memory.catalog import resolve_video_memory

_models: SharedModels[VideoMemory] = SharedModels()


def load_video_memory(
    name: str, device: torch.device, dtype: torch.dtype | None = None
) -> VideoMemory:
    """A video memory by name. One that is in use already is shared, not loaded again.

    Args:
        name: see :func:`~car_video.models.video_memory.catalog.resolve_video_memory`.
        device: where to put it.
        dtype: what matrix products compute in; None takes the fastest that the device has
            natively.

    Raises:
        ModelError: unknown name, weights missing, damaged or not fitting.
    """
    info = resolve_video_memory(name)
    return _models.load(info.module, info.source, device, dtype)
