"""From an open_clip network to the model family that serves it."""

from __future__ import annotations

from typing import Any

import torch

from car_video.models.clip.autograd import AutogradModel
from car_video.models.clip.base import OPENAI_SCALING, OpenClipModel, Scaling, Tokenizer
from car_video.models.clip.conv import ResNetModel, TimmConvModel
from car_video.models.clip.layers import UnsupportedLayer
from car_video.models.clip.vit import VitModel

FAMILIES = (VitModel, ResNetModel, TimmConvModel, AutogradModel)
"""In the order in which they are tried: those with a closed form first."""


def model_from_network(
    name: str,
    network: Any,
    tokenizer: Tokenizer,
    scaling: Scaling = OPENAI_SCALING,
    dtype: torch.dtype | None = None,
) -> OpenClipModel:
    """The first family that takes the network.

    Args:
        name, network, tokenizer, scaling: see :class:`OpenClipModel`.
        dtype: of the image tower; float64 converts the text tower too.

    Raises:
        UnsupportedLayer: no family serves this network.
    """
    if dtype == torch.float64:
        network = network.double()
    for family in FAMILIES[:-1]:
        try:
            return family(name, network, tokenizer, scaling=scaling, dtype=dtype)
        except UnsupportedLayer:
            continue
    return FAMILIES[-1](name, network, tokenizer, scaling=scaling, dtype=dtype)
