"""Mask models, detectors and video memories of transformers, small and with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from torch import nn
from transformers import (
    EdgeTamVideoConfig,
    EdgeTamVideoModel,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Sam2Config,
    Sam2Model,
    Sam2Processor,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam3Config,
    Sam3ImageProcessor,
    Sam3Model,
    Sam3TrackerConfig,
    Sam3TrackerModel,
    Sam3TrackerProcessor,
    Sam3TrackerVideoConfig,
    Sam3VideoConfig,
    Sam3VideoModel,
    SamConfig,
    SamHQConfig,
    SamHQModel,
    SamHQProcessor,
    SamModel,
    SamProcessor,
)

SIDE = 128
SIDE_3 = 112  # of SAM 3, whose cells have 14 pixels
KINDS = ("sam", "sam_hq", "sam2", "sam3_tracker")

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
VISION_3 = {
    "model_type": "sam3_vision_model",
    "backbone_config": {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE_3,
        "patch_size": 14,
        "window_size": 4,
        "global_attn_indexes": [1],
        "pretrain_image_size": 56,
    },
    "fpn_hidden_size": 32,
    "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
    "scale_factors": [4.0, 2.0, 1.0, 0.5],
}
SAM_3: dict[str, Any] = {
    "vision_config": VISION_3,
    "mask_decoder_config": DECODER,
    "prompt_encoder_config": {"hidden_size": 32, "image_size": SIDE_3, "patch_size": 14},
}
DETR = {
    "hidden_size": 32,
    "num_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "dropout": 0.0,
}
CLIP_TEXT = {
    "vocab_size": 49408,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
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
    return random_weights(lambda: _made(kind), seed)


def random_weights(
    make: Callable[[], nn.Module], seed: int = 0, as_they_are: str = "positional_embedding"
) -> Any:
    """A network with weights that are large enough for its answers to differ.

    Those with ``as_they_are`` in their name stay as they were made.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = make()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and not any(
                part in name for part in ("positional_embedding", as_they_are)
            ):
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
    if kind == "sam3_tracker":
        return Sam3TrackerModel(Sam3TrackerConfig(**SAM_3))
    return Sam2Model(Sam2Config(vision_config=VISION_2, mask_decoder_config=DECODER, **parts))


def processor(kind: str) -> Any:
    """What prepares pictures and prompts for the network in transformers."""
    if kind == "sam3_tracker":
        square = {"height": SIDE_3, "width": SIDE_3}
        mask = {"height": 32, "width": 32}
        return Sam3TrackerProcessor(Sam3ImageProcessor(size=square, mask_size=mask), SIDE_3)
    square = {"height": SIDE, "width": SIDE}
    if kind == "sam2":
        mask = {"height": SIDE // 4, "width": SIDE // 4}
        return Sam2Processor(_sam2_images(size=square, mask_size=mask), target_size=SIDE)
    images = _sam_images(size={"longest_edge": SIDE}, pad_size=square)
    return (SamProcessor if kind == "sam" else SamHQProcessor)(images)


def grounding_dino() -> Any:
    """``GroundingDinoForObjectDetection``, 12 boxes a picture."""
    swin = {
        "model_type": "swin",
        "embed_dim": 8,
        "depths": [1, 1, 1, 1],
        "num_heads": [1, 1, 2, 2],
        "window_size": 4,
        "out_features": ["stage2", "stage3", "stage4"],
    }
    bert = {
        "model_type": "bert",
        "vocab_size": 30522,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    config = GroundingDinoConfig(
        backbone_config=swin,
        text_config=bert,
        num_queries=12,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
    )
    return random_weights(lambda: GroundingDinoForObjectDetection(config))


def owlv2() -> Any:
    """``Owlv2ForObjectDetection`` with 6 x 6 cells, a box each."""
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 96,
        "patch_size": 16,
    }
    text = {**CLIP_TEXT, "max_position_embeddings": 16}
    config = Owlv2Config(text_config=text, vision_config=vision, projection_dim=32)
    return random_weights(lambda: Owlv2ForObjectDetection(config))


def sam3_config() -> Sam3Config:
    """Of the detector of SAM 3, 10 boxes a picture."""
    text = {**CLIP_TEXT, "model_type": "clip_text_model", "max_position_embeddings": 32}
    return Sam3Config(
        vision_config=VISION_3,
        text_config={**text, "projection_dim": 16, "hidden_act": "gelu"},
        geometry_encoder_config=DETR,
        detr_encoder_config=DETR,
        detr_decoder_config={**DETR, "num_queries": 10},
        mask_decoder_config={"hidden_size": 32, "num_attention_heads": 2},
    )


def sam3() -> Any:
    """``Sam3Model``, the detector by itself."""
    return random_weights(lambda: Sam3Model(sam3_config()))


def sam3_video() -> Any:
    """``Sam3VideoModel``: what is published as SAM 3, detector and tracker in one file."""
    memory = {
        "image_size": SIDE_3,
        "memory_attention_hidden_size": 32,
        "memory_attention_feed_forward_hidden_size": 64,
        "memory_attention_num_layers": 1,
        "memory_encoder_hidden_size": 32,
        "memory_encoder_output_channels": 16,
    }
    tracker = Sam3TrackerVideoConfig(**SAM_3, **memory)
    config = Sam3VideoConfig(
        tracker_config=tracker.to_dict(), detector_config=sam3_config().to_dict()
    )
    return random_weights(lambda: Sam3VideoModel(config))


WIDTH = 128
"""Of networks with a memory, which has 64 channels: pointers take two places in it."""
MEMORY: dict[str, Any] = {
    "prompt_encoder_config": {**PROMPTS, "hidden_size": WIDTH},
    "mask_decoder_config": {**DECODER, "hidden_size": WIDTH},
    "image_size": SIDE,
    "num_maskmem": 4,
    "max_object_pointers_in_encoder": 6,
    "memory_attention_hidden_size": WIDTH,
    "memory_attention_num_layers": 1,
    "memory_attention_rope_feat_sizes": [8, 8],
    "memory_encoder_hidden_size": WIDTH,
    "memory_encoder_output_channels": 64,
    "mask_downsampler_embed_dim": WIDTH,
    "memory_fuser_embed_dim": WIDTH,
    "memory_fuser_intermediate_dim": 64,
}
"""It reads 3 earlier frames, and 5 pointers."""


def sam2_video() -> Any:
    """``Sam2VideoModel`` with a short memory."""
    config = Sam2VideoConfig(
        vision_config={**VISION_2, "fpn_hidden_size": WIDTH},
        memory_attention_feed_forward_hidden_size=64,
        **MEMORY,
    )
    return random_weights(lambda: Sam2VideoModel(config))


def edgetam_video() -> Any:
    """``EdgeTamVideoModel`` with a short memory and RepViT, which cannot be shrunk."""
    arguments = {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]}
    vision = {
        "model_type": "edgetam_vision_model",
        "backbone_config": {
            "model_type": "timm_wrapper",
            "architecture": "repvit_m1",
            "model_args": arguments,
            "num_classes": 2,
        },
        "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
        "fpn_hidden_size": WIDTH,
    }
    config = EdgeTamVideoConfig(
        vision_config=vision,
        memory_attention_mlp_hidden_size=64,
        memory_attention_rope_k_sizes=[4, 4],
        perceiver_resampler_num_latents=16,
        perceiver_resampler_num_latents_2d=16,
        perceiver_resampler_mlp_intermediate_size=32,
        **MEMORY,
    )
    model = random_weights(lambda: EdgeTamVideoModel(config), as_they_are="timm_model")
    with torch.no_grad():  # so that it says of everything that it is to be seen
        model.mask_decoder.pred_obj_score_head.proj_out.bias += 1000
    return model


def save_as_published(network: Any, folder: Path) -> None:
    """Names of tensors as they are in the network, which ``save_pretrained`` of some versions
    of transformers changes for SAM 3."""
    network.config.save_pretrained(folder)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    save_file(state, folder / "model.safetensors")
