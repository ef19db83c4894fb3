"""Names that ``load_model`` knows, as data, and a check of names that needs no torch."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from car_video.errors import ModelError

SAFE, PICKLED = ".safetensors", (".bin", ".pt", ".pth", ".ckpt")


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


def take_apart(name: str) -> tuple[str, str]:
    """``ARCHITECTURE:weights`` as its two parts, checked as far as that goes without open_clip.

    Returns:
        Architecture; tag or path of the weights, empty where none is named.

    Raises:
        ModelError: an unknown architecture, no such file, a pickle file.
    """
    architecture, _, weights = name.partition(":")
    known = architectures()
    if architecture not in known:
        presets = [preset.name for preset in PRESETS]
        like = _most_like(architecture, [*presets, *known])
        hint = f"did you mean {like}?" if like else f"known: {', '.join(presets)}"
        raise ModelError(f"no model '{name}'; {hint} ('car-video models' lists them)")
    path = Path(weights).expanduser()
    if path.suffix == SAFE and not path.is_file():
        raise ModelError(f"no weights file '{path}' for {architecture}")
    if path.suffix in PICKLED:
        raise ModelError(
            f"'{path.name}' is a pickle file, which may run code when opened; "
            "convert it to .safetensors (docs/models.md says how)"
        )
    return architecture, weights


def check_name(name: str) -> None:
    """Raises ModelError for what cannot be a model's name; looks into no file."""
    if name not in [model.name for model in PRESETS]:
        take_apart(name)


@cache
def architectures() -> tuple[str, ...]:
    """Those of open_clip, by its description files: importing it takes seconds."""
    package = find_spec("open_clip")
    folders = [] if package is None else package.submodule_search_locations or []
    files = (
        file for folder in folders for file in Path(folder, "model_configs").glob("*.json")
    )
    return tuple(sorted(file.stem for file in files))


def _most_like(word: str, words: list[str]) -> str:
    """The words most like one, joined; empty if none is."""
    lower = {w.lower(): w for w in words}
    close = difflib.get_close_matches(word.lower(), lower, n=3, cutoff=0.55)
    return " or ".join(f"'{lower[w]}'" for w in close)
