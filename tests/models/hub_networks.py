"""SAM, SAM-HQ and SAM 2 of transformers, small and with random weights."""

from __future__ import annotations

from typing import Any

import torch
import transformers
from torch import nn
from transformers import (
    Sam2Config,
    Sam2Model,
    Sam2Processor,
    SamConfig,
    SamHQConfig,
    SamHQModel,
    SamHQProcessor,
    SamModel,
    SamProcessor,
)

SIDE = 128
KINDS = ("sam", "sam_hq", "sam2")

PROMPTS = {"hidden_size": 32, "image_size": SIDE, "patch_size": 16}
DECODER = {
    "hidden_size": 32,
    "mlp_dim": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "iou_head_hidden_dim": 32,
}
VISION = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": 16,
    "window_size": 3,
    "global_attn_indexes": [1],
    "output_channels": 32,
    "mlp_dim": 64,
    "num_pos_feats": 16,
}
HIERA = {
    "model_type": "sam2_hiera_det_model",
    "hidden_size": 8,
    "image_size": [SIDE, SIDE],
    "blocks_per_stage": [1, 1, 2, 1],
    "embed_dim_per_stage": [8, 16, 32, 64],
    "num_attention_heads_per_stage": [1, 1, 2, 2],
    "window_size_per_stage": [8, 4, 4, 2],
    "global_attention_blocks": [3],
}
VISION_2 = {
    "backbone_config": HIERA,
    "backbone_channel_list": [64, 32, 16, 8],
    "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
    "fpn_hidden_size": 32,
}

# Before transformers 5 the only processor of SAM 2 was called the fast one.
_sam2_images = (
    getattr(transformers, "Sam2ImageProcessor", None) or transformers.Sam2ImageProcessorFast
)
# The one that resizes floats; in the first releases of transformers 5 the other one, which
# resizes whole grey levels, has its present name.
_sam_images = (
    transformers.SamImageProcessor
    if hasattr(transformers, "SamImageProcessorPil")
    else transformers.SamImageProcessorFast
)


def network(kind: str, seed: int = 0) -> Any:
    """One of :data:`KINDS`; its masks have both signs and depend on prompts."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _made(kind)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "positional_embedding" not in name:
                weight.copy_(0.2 * torch.randn(weight.shape, generator=generator))
    return model.eval()


def _made(kind: str) -> nn.Module:
    parts: dict[str, Any] = {"prompt_encoder_config": dict(PROMPTS)}
    if kind == "sam":
        config = SamConfig(vision_config=VISION, mask_decoder_config=DECODER, **parts)
        return SamModel(config)
    if kind == "sam_hq":
        decoder = {**DECODER, "vit_dim": 32}
        config = SamHQConfig(vision_config=VISION, mask_decoder_config=decoder, **parts)
        return SamHQModel(config)
    return Sam2Model(Sam2Config(vision_config=VISION_2, mask_decoder_config=DECODER, **parts))


def processor(kind: str) -> Any:
    """What prepares pictures and prompts for the network in transformers."""
    square = {"height": SIDE, "width": SIDE}
    if kind == "sam2":
        mask = {"height": SIDE // 4, "width": SIDE // 4}
        return Sam2Processor(_sam2_images(size=square, mask_size=mask), target_size=SIDE)
    images = _sam_images(size={"longest_edge": SIDE}, pad_size=square)
    return (SamProcessor if kind == "sam" else SamHQProcessor)(images)
