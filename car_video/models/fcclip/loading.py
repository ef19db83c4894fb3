"""FC-CLIP by name: the trained part from a file put by hand or named, CLIP from open_clip."""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

import open_clip
import torch

from car_video.errors import ModelError
from car_video.models.clip.conv import ConvModel
from car_video.models.clip.factory import model_from_network
from car_video.models.clip.layers import UnsupportedLayer
from car_video.models.clip.loading import load as load_clip
from car_video.models.clip.loading import quiet_root_logger, resolve
from car_video.models.fcclip.architecture import VARIANTS, Variant, variant_of
from car_video.models.fcclip.backbone import Backbone
from car_video.models.fcclip.checkpoint import Checkpoint, build_trained_part, read_checkpoint
from car_video.models.fcclip.model import FcClipModel
from car_video.models.fcclip.names import PREFIX, Source, parse_source, placed_checkpoint
from car_video.models.fcclip.network import FcClip
from car_video.models.numerics import in_standard_torch

_loaded: WeakValueDictionary[tuple[str, str], FcClipModel] = WeakValueDictionary()


@in_standard_torch
def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> FcClipModel:
    """An FC-CLIP, ready to use.

    Args:
        source: a published variant's name, or ``FCCLIP:FILE``, see
            :mod:`car_video.models.fcclip.names`.
        device: where to put it.
        dtype: of CLIP's image tower; None for float32, as published numbers were made. All
            else is float32 anyway.

    Raises:
        ModelError: no file, or one that does not fit; CLIP's weights cannot be had.
    """
    variant = next((v for v in VARIANTS if v.name == source), None)
    place = parse_source(source) if variant is None else Source(placed_checkpoint(variant))
    checkpoint = read_checkpoint(place.file)
    part = build_trained_part(checkpoint, f"'{place.file}'")
    found = variant_of(part.architecture)
    if variant is not None and found is not variant:
        raise ModelError(f"'{place.file}' is of {_described(found)}, not of {variant.name}")
    clip_name = place.clip or (found.clip if found else "")
    if not clip_name:
        widths = ", ".join(str(width) for width in part.architecture.trunk_widths)
        raise ModelError(
            f"'{place.file}' belongs to a CLIP with stages of {widths} channels, none of those "
            f"published; name it as '{PREFIX}FILE+ARCHITECTURE:WEIGHTS'"
        )
    clip = _clip(clip_name, checkpoint, device, dtype or torch.float32)
    try:
        model = FcClipModel(FcClip(source, Backbone(clip), part))
        _loaded[source, str(device)] = model
        return model
    except ValueError:
        raise ModelError(
            f"'{place.file}' was not trained on {clip_name}: the trunk's widths or the joint "
            "space differ"
        ) from None


def loaded(source: str, device: torch.device) -> FcClipModel | None:
    """A model that is in use, if it was loaded by this name; None if there is none."""
    return _loaded.get((source, str(device)))


def _clip(
    name: str, checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype
) -> ConvModel:
    """The frozen CLIP: the file's own where it holds one, else open_clip's."""
    model: Any = _from_state(name, checkpoint, device, dtype) if checkpoint.clip else None
    model = model or load_clip(name, device, dtype)
    if not isinstance(model, ConvModel):
        raise ModelError(f"FC-CLIP needs a convolutional CLIP, which '{name}' is not")
    return model


def _from_state(
    name: str, checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype
) -> Any:
    architecture, _, tag_config = resolve(name)
    try:
        with quiet_root_logger():
            network: Any = open_clip.create_model(
                architecture,
                pretrained=None,
                device=device,
                force_quick_gelu=bool(tag_config.get("quick_gelu")),
            )
            tokenizer = open_clip.get_tokenizer(architecture)
        network.load_state_dict(checkpoint.clip, strict=True)
        return model_from_network(name, network, tokenizer, dtype=dtype)
    except (RuntimeError, UnsupportedLayer) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ModelError(
            f"the CLIP inside of the checkpoint is not {architecture}: {lines[-1][:160]}"
        ) from None


def _described(variant: Variant | None) -> str:
    return variant.name if variant else "another trunk"
