"""Which back end computes which encoder: the one that was asked for, or the best measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.backends.agreement import LEAST_IOU, MasksOf, mean_iou
from car_video.backends.building import build
from car_video.backends.catalog import AUTO, TORCH, Backend, backend_named, installed
from car_video.backends.kept import kept_json, key_of
from car_video.backends.measuring import milliseconds
from car_video.backends.pictures import comparison_pictures, prepared
from car_video.backends.processor import cores, processor
from car_video.backends.runtime import runtime_of
from car_video.errors import CarVideoError, ModelError
from car_video.models.encoder import EncoderHost
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel

FORM = 1
"""Of what is kept of comparisons."""

WORTH = 0.95
"""Part of torch's time below which ``auto`` takes another back end: times of one encoder on one
machine differ by some hundredths from one measurement to the next."""


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


@dataclass(frozen=True)
class Measured:
    """What a back end was measured to be worth for one encoder.

    Attributes:
        milliseconds: a frame.
        iou: of masks with torch's; 1 for torch.
        failure: why it cannot be used; empty where it can.
    """

    milliseconds: float
    iou: float
    failure: str = ""


def computed_by(
    name: str, pair: ModelPair, mask_model: MaskModel | None, masks_of: MasksOf
) -> Computed:
    """Models as another back end computes their image encoders.

    Args:
        name: of the back end, "torch" or "auto". "auto" leaves with torch what no back end
            computes faster and with the same masks; it measures once per machine.
        pair: loaded; not changed.
        mask_model: loaded, or None; not changed.
        masks_of: masks that models make, for the comparison.

    Raises:
        ConfigError: no such back end, or it is not installed.
        ModelError: it cannot compute the models, or its masks differ from torch's.
    """
    hosts = hosts_of(pair, mask_model)
    if name == TORCH or (name == AUTO and (pair.device.type != "cpu" or not hosts)):
        return Computed(pair, mask_model, {host.encoder_name: TORCH for host in hosts})
    if name == AUTO:
        backends = _best(hosts, pair, mask_model, masks_of)
        return _replaced(pair, mask_model, backends)
    backend = backend_named(name)
    if pair.device.type != "cpu":
        raise ModelError(f"--backend {name} computes on the CPU; add --device cpu")
    if not hosts:
        raise ModelError(
            f"--backend {name} knows no encoder of '{pair.name}' (docs/video.md); use "
            "--backend torch"
        )
    found = _replaced(pair, mask_model, {host.encoder_name: name for host in hosts})
    if backend.int8:
        iou = _agreement(found, hosts, pair, mask_model, masks_of)
        if iou < LEAST_IOU:
            raise ModelError(
                f"--backend {name} makes other masks than torch does (IoU {iou:.3f}, at least "
                f"{LEAST_IOU}); use --backend auto or {name.removesuffix('-int8')}"
            )
    return found


def hosts_of(pair: ModelPair, mask_model: MaskModel | None) -> list[Any]:
    """Models whose encoder can be replaced, each once."""
    models = {id(one): one for one in (pair.proposer, pair.classifier, mask_model)}
    return [one for one in models.values() if hasattr(one, "encoder_network")]


def measure(
    pair: ModelPair, mask_model: MaskModel | None, masks_of: MasksOf
) -> dict[str, dict[str, Measured]]:
    """What torch and each installed back end are worth for each encoder, the others by torch.

    Args:
        pair, mask_model, masks_of: see :func:`computed_by`.

    Returns:
        By the encoder's name, then the back end's. Empty where torch has no rival.
    """
    masks_of = _remembering(masks_of, pair, mask_model)
    hosts = hosts_of(pair, mask_model) if pair.device.type == "cpu" else []
    return {one.encoder_name: _of_one(one, pair, mask_model, masks_of) for one in hosts}


def _of_one(
    host: EncoderHost, pair: ModelPair, mask_model: MaskModel | None, masks_of: MasksOf
) -> dict[str, Measured]:
    """:func:`measure` of one encoder."""
    encoders: dict[str, Any] = {TORCH: host.encode_by_torch}
    failures = {}
    for backend in installed():
        try:
            encoders[backend.name] = build(host, backend)
        except CarVideoError as error:
            failures[backend.name] = Measured(float("inf"), 0.0, str(error))
    example = prepared(host, comparison_pictures()[0], host.usual_side)
    times = milliseconds(encoders, example)
    wanted = masks_of(pair, mask_model)
    found = {TORCH: Measured(times[TORCH], 1.0)}
    for name in list(encoders)[1:]:
        other = _replaced(pair, mask_model, {host.encoder_name: name})
        iou = mean_iou(masks_of(other.pair, other.mask_model), wanted)
        found[name] = Measured(times[name], iou)
    return found | failures


def best_of(measured: Mapping[str, Measured]) -> str:
    """The fastest back end whose masks agree, torch unless another is worth it."""
    limit = WORTH * measured[TORCH].milliseconds
    good = {
        name: one.milliseconds
        for name, one in measured.items()
        if one.iou >= LEAST_IOU and one.milliseconds < limit
    }
    return min(good, key=lambda name: good[name], default=TORCH)


def _best(
    hosts: Sequence[EncoderHost],
    pair: ModelPair,
    mask_model: MaskModel | None,
    masks_of: MasksOf,
) -> dict[str, str]:
    """The best back end of each encoder, measured once per machine."""
    known = installed()
    if not known:
        return {host.encoder_name: TORCH for host in hosts}
    masks_of = _remembering(masks_of, pair, mask_model)

    def find() -> dict[str, str]:
        measured = measure(pair, mask_model, masks_of)
        best = {name: best_of(one) for name, one in measured.items()}
        if sum(name != TORCH for name in best.values()) > 1:  # each alone agrees; together?
            together = _replaced(pair, mask_model, best)
            wanted = masks_of(pair, mask_model)
            if mean_iou(masks_of(together.pair, together.mask_model), wanted) < LEAST_IOU:
                return dict.fromkeys(best, TORCH)
        return best

    machine = processor(), cores(), torch.get_num_threads(), torch.__version__
    key = key_of(FORM, pair.name, *_versions(hosts, known), *machine)
    return {str(name): str(value) for name, value in kept_json("best", key, find).items()}


def _agreement(
    found: Computed,
    hosts: Sequence[EncoderHost],
    pair: ModelPair,
    mask_model: MaskModel | None,
    masks_of: MasksOf,
) -> float:
    """IoU of masks with torch's, compared once per machine."""

    def find() -> float:
        masks = masks_of(found.pair, found.mask_model)
        return mean_iou(masks, masks_of(pair, mask_model))

    used = [backend_named(name) for name in dict.fromkeys(found.backends.values())]
    key = key_of(FORM, pair.name, *_versions(hosts, used), processor(), torch.__version__)
    return float(kept_json("agreement", key, find))


def _versions(hosts: Sequence[EncoderHost], backends: Sequence[Backend]) -> list[str]:
    """Weights and libraries that a comparison depends on."""
    libraries = [f"{one.name} {runtime_of(one).version()}" for one in backends]
    return [*(host.encoder_digest for host in hosts), *libraries]


def _remembering(masks_of: MasksOf, pair: ModelPair, mask_model: MaskModel | None) -> MasksOf:
    """The same, which makes torch's masks only once."""

    @cache
    def by_torch() -> Sequence[NDArray[np.bool_]]:
        return masks_of(pair, mask_model)

    def found(one: ModelPair, other: MaskModel | None) -> Sequence[NDArray[np.bool_]]:
        same = one is pair and other is mask_model
        return by_torch() if same else masks_of(one, other)

    return found


def _replaced(
    pair: ModelPair, mask_model: MaskModel | None, backends: Mapping[str, str]
) -> Computed:
    """Models with other encoders; those that are not named keep theirs."""
    made: dict[int, Callable[[], Any] | Any] = {}

    def replaced(model: Any) -> Any:
        name = backends.get(getattr(model, "encoder_name", ""), TORCH)
        if model is None or name == TORCH:
            return model
        if id(model) not in made:
            made[id(model)] = model.with_encoder(build(model, backend_named(name)))
        return made[id(model)]

    proposer, classifier = replaced(pair.proposer), replaced(pair.classifier)
    return Computed(
        ModelPair(pair.name, proposer, classifier), replaced(mask_model), dict(backends)
    )
