"""``load_detector``: from a name of the catalog to a detector on a device."""

from __future__ import annotations

import torch

from car_video.models.detectors.base import Detector
from car_video.models.detectors.catalog import resolve_detector
from car_video.models.shared import SharedModels

_models: SharedModels[Detector] = SharedModels()


def load_detector(
    name: str, device: torch.device, dtype: torch.dtype | None = None
) -> Detector:
    """A detector by name. One that is in use already is shared, not loaded again.

    Args:
        name: see :func:`~car_video.models.detectors.catalog.resolve_detector`.
        device: where to put it.
        dtype: what matrix products compute in; None takes the fastest that the device has
            natively.

    Raises:
        ModelError: unknown name, weights missing, damaged or not fitting.
    """
    info = resolve_detector(name)
    return _models.load(info.module, info.source, device, dtype)
