"""Models whose image encoders are computed by something else than torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from car_video.backends.building import build
from car_video.backends.catalog import TORCH, backend_named
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel


@dataclass(frozen=True)
class Computed:
    """Models with the encoders that compute them.

    Attributes:
        pair, mask_model: with them.
        backends: of each encoder, by its name; those of torch are in it.
    """

    pair: ModelPair
    mask_model: MaskModel | None
    backends: Mapping[str, str] = field(default_factory=dict)


def hosts_of(pair: ModelPair, mask_model: MaskModel | None) -> list[Any]:
    """Models whose encoder can be replaced, each once."""
    models = {id(one): one for one in (pair.proposer, pair.classifier, mask_model)}
    return [one for one in models.values() if hasattr(one, "encoder_network")]


def replaced(
    pair: ModelPair, mask_model: MaskModel | None, backends: Mapping[str, str]
) -> Computed:
    """Models with other encoders; those that are not named keep theirs."""
    made: dict[int, Callable[[], Any] | Any] = {}

    def by_other(model: Any) -> Any:
        name = backends.get(getattr(model, "encoder_name", ""), TORCH)
        if model is None or name == TORCH:
            return model
        if id(model) not in made:
            made[id(model)] = model.with_encoder(build(model, backend_named(name)))
        return made[id(model)]

    proposer, classifier = by_other(pair.proposer), by_other(pair.classifier)
    return Computed(
        ModelPair(pair.name, proposer, classifier), by_other(mask_model), dict(backends)
    )
