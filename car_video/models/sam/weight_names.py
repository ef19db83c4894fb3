"""From the tensor names of a MobileSAM checkpoint to those of timm and transformers."""

from __future__ import annotations

from torch import Tensor


def map_mobile_sam(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of a MobileSAM checkpoint to those of :class:`MobileSam`.

    Args:
        state: tensors of ``mobile_sam.pt`` (loaded with ``weights_only=True``).

    Returns:
        A state dict that ``MobileSam().load_state_dict(..., strict=True)`` takes.
    """
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.startswith("image_encoder."):
            name = _encoder_name(key.removeprefix("image_encoder."))
        elif key.startswith("prompt_encoder."):
            name = _prompt_name(key)
        else:
            name = _decoder_name(key)
        if name is not None:
            renamed[name] = value
    return renamed


def _encoder_name(key: str) -> str | None:
    if key.startswith(("norm_head", "head")):
        return None
    if key.startswith("neck"):
        return key
    key = key.replace("patch_embed.seq.0.", "patch_embed.conv1.")
    key = key.replace("patch_embed.seq.2.", "patch_embed.conv2.").replace(
        ".c.weight", ".conv.weight"
    )
    parts = key.split(".")
    if parts[0] == "layers":
        # timm counts a down-sampling to the stage after it, MobileSAM to the one before.
        stage = int(parts[1]) + (parts[2] == "downsample")
        parts[:2] = ["stages", str(stage)]
    return "trunk." + ".".join(parts)


_PROMPT = {
    "pe_layer.positional_encoding_gaussian_matrix": "shared_embedding.positional_embedding",
    "mask_downscaling.0": "mask_embed.conv1",
    "mask_downscaling.1": "mask_embed.layer_norm1",
    "mask_downscaling.3": "mask_embed.conv2",
    "mask_downscaling.4": "mask_embed.layer_norm2",
    "mask_downscaling.6": "mask_embed.conv3",
    "point_embeddings": "point_embed",
}
_DECODER = {
    "output_upscaling.0": "upscale_conv1",
    "output_upscaling.1": "upscale_layer_norm",
    "output_upscaling.3": "upscale_conv2",
    "norm_final_attn": "layer_norm_final_attn",
    ".norm": ".layer_norm",
}
_FEED_FORWARD = {"layers.0": "proj_in", "layers.1": "layers.0", "layers.2": "proj_out"}


def _prompt_name(key: str) -> str:
    for old, new in _PROMPT.items():
        key = key.replace(old, new)
    return key


def _decoder_name(key: str) -> str:
    for old, new in _DECODER.items():
        key = key.replace(old, new)
    if "iou_prediction_head" in key or "hypernetworks" in key:
        head, _, tail = key.rpartition("layers.")
        number, _, leaf = tail.partition(".")
        key = f"{head}{_FEED_FORWARD['layers.' + number]}.{leaf}"
    return key
