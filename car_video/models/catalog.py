"""Models by name, as data: another one is a module with a function ``load`` and a line.

Needs no torch, so that names are listed and checked at once; ``registry`` loads the models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from car_video.config import Config, load_preset
from car_video.errors import ModelError
from car_video.models.clip.names import take_apart
from car_video.models.fcclip.architecture import VARIANTS
from car_video.models.fcclip.names import PREFIX, parse_source, placed_checkpoint

OPEN_CLIP = "car_video.models.clip.loading"
FC_CLIP = "car_video.models.fcclip.loading"


@dataclass(frozen=True)
class ModelInfo:
    """One line of ``car-video models``.

    Attributes:
        name: for ``load_model`` and ``--model``.
        proposer: source of f, which proposes masks: what ``load`` of the module understands.
        classifier: source of g, which classifies them; empty where f does that too.
        megabytes: of the download, 0 where there is none.
        description: what it is good for.
        module: its function ``load(source, device, dtype)`` gives a
            :class:`~car_video.models.base.VisionLanguageModel`; ``dtype`` is None where the
            user names none. The module is imported when the model is asked for.
        preset: what the model is used with where none is named.
        calibration: file of the package with the model's calibration
            (:mod:`car_video.models.calibration`); empty where none ships.
    """

    name: str
    proposer: str
    classifier: str
    megabytes: int
    description: str
    module: str = OPEN_CLIP
    preset: str = "clip"
    calibration: str = ""


B16, L14, RN50 = "ViT-B-16:openai", "ViT-L-14:openai", "RN50:openai"
CONVNEXT_B = "convnext_base_w:laion2b_s13b_b82k_augreg"
CONVNEXT_L = "convnext_large_d_320:laion2b_s29b_b131k_ft_soup"
LITE = "car_video.models.lite.model"
LITE_TEXT = "bundled, no download: ResNet-50 and MiniLM, quick on a CPU"
PAIR_TEXT = "the pair of the CaR paper: ViT-B/16 proposes, ViT-L/14 classifies"
CONVNEXT_L_TEXT = "ConvNeXt-L of LAION, the backbone of FC-CLIP"
FC_CLIP_TEXT = "FC-CLIP on {}, for --labels; needs its own file, see docs/fcclip.md"
CLIP_MEGABYTES = {
    "convnext_large_d_320": 1408,
    "RN50": 409,
    "RN101": 479,
    "RN50x4": 714,
    "RN50x16": 1164,
    "RN50x64": 2493,
}

MODELS = (
    ModelInfo("lite", "lite", "", 0, LITE_TEXT, LITE, "default", "lite_calibration.json"),
    ModelInfo("clip-b16", B16, "", 599, "CLIP ViT-B/16 for both parts"),
    ModelInfo("clip-b16-l14", B16, L14, 2310, PAIR_TEXT),
    ModelInfo("clip-l14", L14, "", 1711, "CLIP ViT-L/14 for both parts"),
    ModelInfo("clip-rn50", RN50, "", 409, "CLIP ResNet-50, quick, coarse maps"),
    ModelInfo("clip-convnext-b", CONVNEXT_B, "", 718, "ConvNeXt-B of LAION: good mask pooling"),
    ModelInfo("clip-convnext-l", CONVNEXT_L, "", 1408, CONVNEXT_L_TEXT),
    *(
        ModelInfo(
            variant.name,
            variant.name,
            "",
            CLIP_MEGABYTES[variant.clip.partition(":")[0]],
            FC_CLIP_TEXT.format(variant.clip.partition(":")[0]),
            FC_CLIP,
        )
        for variant in VARIANTS
    ),
)


def available_models() -> tuple[ModelInfo, ...]:
    """The short names, bundled model first. Any ``ARCHITECTURE:WEIGHTS`` and ``FCCLIP:FILE``
    work as well."""
    return MODELS


def check_name(name: str) -> ModelInfo:
    """What a name stands for; opens no weights.

    Returns:
        One of :data:`MODELS`, a checkpoint of FC-CLIP (:mod:`car_video.models.fcclip.names`)
        or a model of open_clip (:mod:`car_video.models.clip.names`).

    Raises:
        ModelError: neither.
    """
    if not isinstance(name, str):
        raise ModelError(
            "the name of a model is a text like 'lite' or 'ViT-B-16:file.safetensors', "
            f"got {name!r}"
        )
    for info in MODELS:
        if info.name == name:
            return info
    if name.startswith(PREFIX):
        parse_source(name)
        return ModelInfo(name, name, "", 0, "a checkpoint of FC-CLIP", FC_CLIP)
    take_apart(name, [info.name for info in MODELS])
    return ModelInfo(name, name, "", 0, "a model of open_clip")


Work = Literal["expressions", "labels", "masks"]
"""``labels``: to segment by a list of names. ``masks``: to propose masks for expressions."""

_WORKERS: Mapping[Work, tuple[str, ...]] = {
    "expressions": (LITE, OPEN_CLIP, FC_CLIP),
    "labels": (FC_CLIP,),
    "masks": (FC_CLIP,),
}
"""Whose models can do it, by module."""

_REFUSALS: Mapping[Work, str] = {
    "expressions": "'{}' cannot segment by expressions",
    "labels": "'{}' cannot segment by a list of labels",
    "masks": "--masks needs an FC-CLIP, which '{}' is not",
}


def check_work(name: str, work: Work) -> ModelInfo:
    """What a name stands for, if it can do the work. Opens no weights and needs no torch.

    Raises:
        ModelError: no such model, or one that cannot.
    """
    info = check_name(name)
    if info.module not in _WORKERS[work]:
        raise ModelError(refusal(name, work))
    return info


def check_model(name: str, work: Work = "expressions") -> ModelInfo:
    """:func:`check_work`, and files that have to be put by hand are there.

    Raises:
        ModelError: one is not.
    """
    info = check_work(name, work)
    for variant in VARIANTS:
        if variant.name == name:
            placed_checkpoint(variant)
    return info


def refusal(name: str, work: Work) -> str:
    """Why a model is refused, and which one to take."""
    said = _REFUSALS[work].format(name)
    return (
        f"{said}; choose an FC-CLIP, for instance --model {VARIANTS[0].name} (docs/fcclip.md)"
    )


def default_preset(name: str) -> str:
    """Name of the preset that a model is used with where none is named.

    ``default`` where no model has this name: one that a program has made itself.
    """
    try:
        return check_name(name).preset
    except ModelError:
        return "default"


def default_config(name: str) -> Config:
    """The settings that a model is used with where none are given."""
    return load_preset(default_preset(name))
