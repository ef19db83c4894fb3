"""Names of tensors in released checkpoints, and the names that our modules have, as data.

Files keep the released names; the map is applied while loading. Each rule replaces the
beginning of a name; the first that fits is taken, then the rules for what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PIXEL, PREDICTOR = "sem_seg_head.pixel_decoder.", "sem_seg_head.predictor."
TRAINED = ("sem_seg_head.", "void_embedding.")
"""Beginnings of the names of the trained part."""

CLIP = "backbone.clip_model."
"""Beginning of the names of the frozen CLIP, where a file holds it; then open_clip's names."""

IGNORED = ("criterion.", "pixel_mean", "pixel_std")
"""Beginnings of names that a checkpoint may hold and inference does not use."""

BEGINNINGS = (
    (PIXEL + "input_proj.", "pixel_decoder.network.input_projections."),
    (PIXEL + "transformer.encoder.", "pixel_decoder.network.encoder."),
    (PIXEL + "transformer.level_embed", "pixel_decoder.network.level_embed"),
    (PIXEL + "adapter_1.norm.", "pixel_decoder.network.adapter_1.1."),
    (PIXEL + "adapter_1.", "pixel_decoder.network.adapter_1.0."),
    (PIXEL + "layer_1.norm.", "pixel_decoder.network.layer_1.1."),
    (PIXEL + "layer_1.", "pixel_decoder.network.layer_1.0."),
    (PIXEL + "mask_features.", "pixel_decoder.network.mask_projection."),
    (PREDICTOR + "_mask_pooling_proj.", "in_vocabulary.mask_pooling_proj."),
    (PREDICTOR + "class_embed.", "in_vocabulary.class_embed."),
    (PREDICTOR + "logit_scale", "in_vocabulary.logit_scale"),
    (PREDICTOR, "mask_decoder."),
    ("void_embedding.", "void_embedding."),
)

INNER = (
    (".norm1.", ".self_attn_layer_norm."),
    (".norm2.", ".final_layer_norm."),
    (".linear1.", ".fc1."),
    (".linear2.", ".fc2."),
)
"""Inside the layers of the pixel decoder's encoder."""

_ENCODER = "pixel_decoder.network.encoder."


def our_name(official: str) -> str | None:
    """The name in :class:`car_video.models.fcclip.network.TrainedPart`; None for no such."""
    for beginning, ours in BEGINNINGS:
        if official.startswith(beginning):
            name = ours + official[len(beginning) :]
            if name.startswith(_ENCODER):
                for theirs, own in INNER:
                    name = name.replace(theirs, own)
            return name
    return None


def official_name(ours: str) -> str:
    """The name in a checkpoint of one of our tensors.

    Raises:
        ValueError: no tensor of ours.
    """
    if ours.startswith(_ENCODER):
        for theirs, own in INNER:
            ours = ours.replace(own, theirs)
    for beginning, own in BEGINNINGS:
        if ours.startswith(own):
            return beginning + ours[len(own) :]
    raise ValueError(f"no tensor of FC-CLIP: {ours}")


def numbered(names: Iterable[str]) -> list[str]:
    """Names in the order of their layers: ``layers.2`` before ``layers.10``."""
    return sorted(
        names, key=lambda n: [int(p) if p.isdigit() else -1 for p in re.split(r"\W", n)]
    )
