"""Names that ``load_model`` knows besides open_clip's own, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelInfo:
    """One line of ``car-video models``.

    Attributes:
        name: for ``load_model`` and ``--model``.
        proposer: ``ARCHITECTURE:weights`` of open_clip; empty for the bundled model.
        classifier: the same for g; empty where the proposer is the classifier.
        megabytes: of the download, 0 where there is none.
        description: what it is good for.
    """

    name: str
    proposer: str
    classifier: str
    megabytes: int
    description: str


PRESETS = (
    ModelInfo("lite", "", "", 0, "bundled, no download: ResNet-50 and MiniLM, quick on a CPU"),
    ModelInfo("clip-b16", "ViT-B-16:openai", "", 599, "CLIP ViT-B/16 for both parts"),
    ModelInfo(
        "clip-b16-l14",
        "ViT-B-16:openai",
        "ViT-L-14:openai",
        2310,
        "the pair of the CaR paper: ViT-B/16 proposes, ViT-L/14 classifies",
    ),
    ModelInfo("clip-l14", "ViT-L-14:openai", "", 1711, "CLIP ViT-L/14 for both parts"),
    ModelInfo("clip-rn50", "RN50:openai", "", 409, "CLIP ResNet-50, quick, coarse maps"),
    ModelInfo(
        "clip-convnext-b",
        "convnext_base_w:laion2b_s13b_b82k_augreg",
        "",
        718,
        "ConvNeXt-B of LAION: good mask pooling",
    ),
    ModelInfo(
        "clip-convnext-l",
        "convnext_large_d_320:laion2b_s29b_b131k_ft_soup",
        "",
        1408,
        "ConvNeXt-L of LAION, the backbone of FC-CLIP",
    ),
)


def available_models() -> tuple[ModelInfo, ...]:
    """The short names, bundled model first. Any ``ARCHITECTURE:weights`` works as well."""
    return PRESETS
