"""Vision-language models behind one interface.

Names are imported when they are first used: the list of models (``catalog``) needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from car_video.models.catalog import ModelInfo, available_models

if TYPE_CHECKING:
    from car_video.models.base import ImageFeatures, VisionLanguageModel
    from car_video.models.device import pick_device
    from car_video.models.pair import ModelPair, as_pair
    from car_video.models.registry import load_model

__all__ = [
    "ImageFeatures",
    "ModelInfo",
    "ModelPair",
    "VisionLanguageModel",
    "as_pair",
    "available_models",
    "load_model",
    "pick_device",
]

_MODULES = {
    "ImageFeatures": "base",
    "VisionLanguageModel": "base",
    "ModelPair": "pair",
    "as_pair": "pair",
    "load_model": "registry",
    "pick_device": "device",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
