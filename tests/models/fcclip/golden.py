"""Weights and inputs that are pure functions of their names, and the small networks of them.

The golden values in these tests were made with FC-CLIP's released modules on the same weights
(docs/fcclip.md).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import open_clip
import torch
from torch import Tensor, nn

from car_video.models.clip.factory import model_from_network
from car_video.models.fcclip.architecture import Architecture
from car_video.models.fcclip.backbone import Backbone
from car_video.models.fcclip.key_map import CLIP, official_name
from car_video.models.fcclip.network import FcClip, TrainedPart
from tests.models.conftest import TEXT, tokens

torch.set_num_threads(1)

SMALL: dict[str, Any] = {
    "width": 64,
    "heads": 8,
    "encoder_layers": 2,
    "encoder_hidden": 48,
    "decoder_layers": 4,
    "decoder_hidden": 96,
    "queries": 6,
}
TINY = Architecture((8, 16, 24, 32), 16, **SMALL)
CONVNEXT = Architecture((96, 192, 384, 768), 16, **SMALL)
EMBEDDINGS = (
    "query_feat",
    "query_embed",
    "level_embed",
    "token_embedding",
    "positional_embedding",
    "void_embedding",
)


def values(name: str, shape: Sequence[int]) -> Tensor:
    """Numbers with mean 0 and deviation 1 in about a name's order: float32 of this shape."""
    count = math.prod(shape)
    phase = 2 * math.pi * (zlib.crc32(name.encode()) % 10007) / 10007
    t = np.sin(12.9898 * np.arange(1, count + 1) + phase) * 43758.5453
    drawn = (t - np.floor(t) - 0.5) * math.sqrt(12)
    return torch.tensor(drawn.astype(np.float32)).reshape(tuple(shape))


def weight(name: str, shape: Sequence[int]) -> Tensor:
    """The weight of a checkpoint with this full name."""
    drawn = values(name, shape)
    last = name.rsplit(".", 1)[-1]
    if last == "logit_scale":
        return torch.full(tuple(shape), math.log(20))
    if last == "gamma":
        return 0.5 + 0.1 * drawn
    if last in ("bias", "in_proj_bias"):
        return 0.1 * drawn
    if any(part in EMBEDDINGS for part in name.split(".")[-2:]):
        return drawn
    if len(shape) > 1:
        return drawn * math.sqrt(2 / math.prod(shape[1:]))
    return 1 + 0.1 * drawn


@torch.no_grad()
def fill(module: nn.Module, full_name: Any) -> None:
    """Give every weight of a module the value of its full name."""
    for name, tensor in module.state_dict().items():
        tensor.copy_(weight(full_name(name), tensor.shape))


def trained_part(architecture: Architecture, void: float = 1.0) -> TrainedPart:
    """The trained part with golden weights; ``void`` multiplies its vector."""
    part = TrainedPart(architecture).eval().requires_grad_(False)
    fill(part, official_name)
    part.void_embedding.weight.mul_(void)
    return part


def tiny_clip(kind: str) -> Any:
    """An open_clip network: ConvNeXt-T with the weights of golden B, or a small random one."""
    text: dict[str, Any] = TEXT
    if kind == "golden":
        text = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2}
    vision: dict[str, Any] = {
        "timm_model_name": "convnext_tiny" if kind == "golden" else "convnext_atto",
        "timm_model_pretrained": False,
        "timm_pool": "",
        "timm_proj": "mlp",
        "image_size": 224,
    }
    if kind == "resnet":
        vision = {"layers": [1, 1, 1, 1], "width": 8, "image_size": 64}
    network = open_clip.CLIP(16, vision, text).eval().requires_grad_(False)
    if kind == "golden":
        fill(network, lambda name: CLIP + name)
    return network


def golden_b() -> FcClip:
    """The whole network of golden B."""
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    clip: Any = model_from_network(
        "golden", tiny_clip("golden"), tokenizer, dtype=torch.float32
    )
    return FcClip("golden", Backbone(clip), trained_part(CONVNEXT, void=-1.0))


@cache
def small_network(kind: str = "resnet") -> FcClip:
    """A network with a small random trunk, made once and not to be changed."""
    torch.manual_seed(0)
    clip: Any = model_from_network(kind, tiny_clip(kind), tokens, dtype=torch.float32)
    backbone = Backbone(clip)
    return FcClip(kind, backbone, trained_part(Architecture(backbone.widths, 16, **SMALL)))


def entries(
    tensor: Tensor, places: Sequence[str] = ("0", "n//3", "2n//3", "n-1")
) -> list[float]:
    """Values at places of the flat tensor."""
    flat, n = tensor.flatten(), tensor.numel()
    where = {"0": 0, "n//3": n // 3, "2n//3": 2 * n // 3, "n-1": n - 1}
    return [float(flat[where[place]]) for place in places]
