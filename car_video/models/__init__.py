"""Vision-language models behind one interface."""

from car_video.models.base import ImageFeatures, VisionLanguageModel
from car_video.models.catalog import ModelInfo, available_models
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
