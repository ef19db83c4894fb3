"""Sizes of an FC-CLIP network, and the variants that were published, as data.

Source: arXiv 2308.02487, section 4.1, and the released configurations; docs/fcclip.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from car_video.errors import ModelError

LEVELS = 3
"""Scales that both decoders attend to: strides 32, 16 and 8."""

POINTS = 4
"""Sampling points of deformable attention per head and level."""


@dataclass(frozen=True)
class Architecture:
    """Sizes of the trained part.

    Attributes:
        trunk_widths: channels of the trunk's stages, strides 4, 8, 16 and 32.
        embed_dim: D, of the joint space of CLIP.
        queries: Q, how many masks are proposed.
        width: C, of both decoders and of the mask features.
        heads: of every attention.
        encoder_layers, encoder_hidden: of the pixel decoder.
        decoder_layers, decoder_hidden: of the masked-attention decoder.
    """

    trunk_widths: tuple[int, int, int, int]
    embed_dim: int
    queries: int = 250
    width: int = 256
    heads: int = 8
    encoder_layers: int = 6
    encoder_hidden: int = 1024
    decoder_layers: int = 9
    decoder_hidden: int = 2048


@dataclass(frozen=True)
class Variant:
    """A published FC-CLIP.

    Attributes:
        name: for ``load_model`` and ``--model``.
        clip: its frozen CLIP, a model of open_clip as ``ARCHITECTURE:TAG``.
        architecture: of the trained part.
        file: the name that its file is published under; empty where that is not known.
    """

    name: str
    clip: str
    architecture: Architecture
    file: str = ""


CONVNEXT_L = Architecture((192, 384, 768, 1536), 768)
_RESNET = (256, 512, 1024, 2048)

VARIANTS = (
    Variant(
        "fc-clip-convnext-l",
        "convnext_large_d_320:laion2b_s29b_b131k_ft_soup",
        CONVNEXT_L,
        "fcclip_cocopan.pth",
    ),
    Variant(
        "fc-clip-rn50", "RN50:openai", Architecture(_RESNET, 1024), "fcclip_cocopan_r50.pth"
    ),
    Variant("fc-clip-rn101", "RN101:openai", Architecture(_RESNET, 512)),
    Variant("fc-clip-rn50x4", "RN50x4:openai", Architecture((320, 640, 1280, 2560), 640)),
    Variant("fc-clip-rn50x16", "RN50x16:openai", Architecture((384, 768, 1536, 3072), 768)),
    Variant("fc-clip-rn50x64", "RN50x64:openai", Architecture((512, 1024, 2048, 4096), 1024)),
)
"""Trunk widths and D together tell one from another."""


def variant_of(architecture: Architecture) -> Variant | None:
    """The published variant with these trunk widths and this D, or None."""
    for variant in VARIANTS:
        known = variant.architecture
        if (known.trunk_widths, known.embed_dim) == (
            architecture.trunk_widths,
            architecture.embed_dim,
        ):
            return variant
    return None


_QUERIES = "sem_seg_head.predictor.query_feat.weight"
_VOID = "void_embedding.weight"
_PROJECTION = "sem_seg_head.pixel_decoder.input_proj.{}.0.weight"
_LATERAL = "sem_seg_head.pixel_decoder.adapter_1.weight"
_ENCODER = "sem_seg_head.pixel_decoder.transformer.encoder.layers."
_OFFSETS = _ENCODER + "0.self_attn.sampling_offsets.weight"
_DECODER = "sem_seg_head.predictor.transformer_ffn_layers."


def architecture_of(shapes: Mapping[str, tuple[int, ...]]) -> Architecture:
    """Sizes of a network from the shapes of its tensors.

    Args:
        shapes: by official name (docs/fcclip.md).

    Raises:
        ModelError: the tensors are not those of an FC-CLIP; the first that is not there, or has
            another number of axes, is named.
    """

    def shape(name: str, axes: int) -> tuple[int, ...]:
        found = shapes.get(name)
        if found is None or len(found) != axes:
            what = "is not in it" if found is None else f"has the shape {list(found)}"
            raise ModelError(f"this is no FC-CLIP checkpoint: '{name}' {what}")
        return found

    queries, width = shape(_QUERIES, 2)
    embed_dim = shape(_VOID, 2)[1]
    res3, res4, res5 = (shape(_PROJECTION.format(level), 4)[1] for level in (2, 1, 0))
    base = Architecture((shape(_LATERAL, 4)[1], res3, res4, res5), embed_dim, queries, width)
    return replace(
        base,
        heads=shape(_OFFSETS, 2)[0] // (LEVELS * POINTS * 2),
        encoder_layers=_count(shapes, _ENCODER),
        encoder_hidden=shape(f"{_ENCODER}0.linear1.weight", 2)[0],
        decoder_layers=_count(shapes, _DECODER),
        decoder_hidden=shape(f"{_DECODER}0.linear1.weight", 2)[0],
    )


def _count(shapes: Mapping[str, Any], prefix: str) -> int:
    """How many numbered layers stand below a prefix."""
    return len({k[len(prefix) :].split(".")[0] for k in shapes if k.startswith(prefix)})
