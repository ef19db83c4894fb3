"""Embeddings of everyday phrases, once for each model in use.

Every segmenter measures cosines by them, and encoding them costs as much as a frame.
"""

from __future__ import annotations

import weakref

from torch import Tensor

from car_video.models.base import VisionLanguageModel
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
