"""A small open_clip network with random weights for every family of towers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import open_clip
import torch

from car_video.models.base import VisionLanguageModel
from car_video.models.clip.factory import model_from_network
from tests.models.conftest import TEXT, sane, tiny_vit, tokens


def _resnet() -> Any:
    torch.manual_seed(0)
    vision = {"layers": [1, 1, 1, 1], "width": 8, "image_size": 64}
    network = open_clip.CLIP(20, vision, TEXT, quick_gelu=True)
    network.visual_size = (64, 64)
    return sane(network)


def _convnext() -> Any:
    torch.manual_seed(0)
    vision = {
        "timm_model_name": "convnext_atto", "timm_pool": "", "timm_proj": "linear",
        "image_size": 64,
    }  # fmt: skip
    network = open_clip.CustomTextCLIP(20, vision, TEXT)
    network.visual_size = (64, 64)
    return sane(network)


def _timm_vit() -> Any:
    torch.manual_seed(0)
    vision = {
        "timm_model_name": "vit_tiny_patch16_224", "timm_pool": "token", "timm_proj": "linear",
        "image_size": 64,
    }  # fmt: skip
    return open_clip.CustomTextCLIP(20, vision, TEXT).eval()


NETWORKS: dict[str, Callable[[], Any]] = {
    "vit": lambda: tiny_vit().float(),
    "resnet": _resnet,
    "convnext": _convnext,
    "timm transformer": _timm_vit,
}
FAMILIES = list(NETWORKS)


def tiny_model(family: str, device: torch.device | None = None) -> VisionLanguageModel:
    """A model of a family in float32, with random weights, on the CPU unless told otherwise."""
    network = NETWORKS[family]().to(device or torch.device("cpu"))
    return model_from_network(family, network, tokens, dtype=torch.float32)
