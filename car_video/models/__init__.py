"""Vision-language models and mask models, each kind behind one interface.

``catalog``       names of models, as data; needs no torch
``licences``      what ships, under which licences, trained on what; needs no torch
``registry``      ``load_model``: a pair of models by name
``pair``          proposer and classifier as one value
``device``        devices and dtypes that are really there
``hub``           weights from the Hugging Face hub
``bundled``       weights that ship with the package; ``int8_weights`` how they are stored
``base``          ``VisionLanguageModel`` and ``ImageFeatures``: what the algorithm asks of them
``clip``          models of open_clip
``lite``          the bundled model
``fcclip``        FC-CLIP: masks and classes of pictures
``verification``  what can be said of a model without pictures with answers
``pretrained``    networks of transformers by their weights; ``folders`` that hold them
``sam``           mask models
``detectors``     boxes of what words name
``video_memory``  networks that follow things by a memory of them
``engines``       all that is fetched on demand, with licences; needs no torch
``shared``        what is in use is not loaded again
``batching``      several frames in one pass
``fused_convolution``  convolutions with their activations, ``freed_memory`` kept for the next
                  frame
``numerics``      independence of torch's global state; at least float32

Names are imported when they are first used, so that the catalog is read without torch.
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
