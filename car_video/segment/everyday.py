"""Embeddings of everyday phrases, once for each model in use.

Every segmenter measures cosines by them, and encoding them costs as much as a frame.
"""

from __future__ import annotations

import weakref

from torch import Tensor

from car_video.models.base import VisionLanguageModel
from car_video.segment.evidence import CosineScale
from car_video.text.embeddings import TextBank
from car_video.text.null_phrases import NULL_PHRASES

_EMBEDDED: dict[int, Tensor] = {}
"""By the model's id; an entry goes with its model."""


def everyday_embeddings(model: VisionLanguageModel) -> Tensor:
    """unit-length float32 [N, D] on the model's device: what cosines are measured by."""
    key = id(model)
    if key not in _EMBEDDED:
        _EMBEDDED[key] = TextBank(model.encode_text, model.embed_dim).embed(NULL_PHRASES)
        weakref.finalize(model, _EMBEDDED.pop, key, None)
    return _EMBEDDED[key].to(model.device)


def bank_of(model: VisionLanguageModel, measured: bool) -> TextBank:
    """A model's texts; ``measured`` ones are blended beside what everyday phrases share."""
    common = (lambda: everyday_embeddings(model).mean(0)) if measured else None
    return TextBank(model.encode_text, model.embed_dim, common=common)


def scale_of(model: VisionLanguageModel, measured: bool) -> CosineScale:
    """What a model's cosines are measured by: everyday phrases, or its own factor."""
    if measured:
        return CosineScale(phrases=everyday_embeddings(model))
    return CosineScale(model.logit_scale)
