"""CaR's two models as one value: f proposes masks, g classifies prompted pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from car_video.errors import ModelError
from car_video.models.base import VisionLanguageModel


@dataclass(frozen=True, eq=False)
class ModelPair:
    """What :func:`car_video.models.load_model` returns; a single model stands for both.

    Attributes:
        name: what ``load_model`` was called with.
        proposer: f, whose feature maps the proposals come from (ViT-B/16 in CaR).
        classifier: g, which scores prompted pictures (ViT-L/14 in CaR).
    """

    name: str
    proposer: VisionLanguageModel
    classifier: VisionLanguageModel

    @property
    def shared(self) -> bool:
        """Whether one model plays both parts (texts need encoding once only)."""
        return self.proposer is self.classifier

    @property
    def device(self) -> torch.device:
        """Where both models are."""
        return self.proposer.device


def as_pair(model: ModelPair | VisionLanguageModel) -> ModelPair:
    """A pair as it is, a single model as both its halves.

    Raises:
        ModelError: neither.
    """
    if isinstance(model, ModelPair):
        return model
    if not hasattr(model, "encode_image"):
        raise ModelError(f"want a model, got {model!r}; load_model(name) gives one")
    return ModelPair(model.name, model, model)
