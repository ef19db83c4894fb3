"""What each back end is worth for an encoder: its time, and how masks agree with torch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.backends.agreement import LEAST_IOU, MasksOf, mean_iou
from car_video.backends.building import build
from car_video.backends.catalog import TORCH, installed
from car_video.backends.measuring import milliseconds
from car_video.backends.pictures import comparison_pictures, prepared
from car_video.backends.replacing import hosts_of, replaced
from car_video.errors import CarVideoError
from car_video.models.encoder import EncoderHost
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel

WORTH = 0.95
"""Part of torch's time below which ``auto`` takes another back end: times of one encoder on one
machine differ by some hundredths from one measurement to the next."""


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


def measure(
    pair: ModelPair, mask_model: MaskModel | None, masks_of: MasksOf
) -> dict[str, dict[str, Measured]]:
    """What torch and each installed back end are worth for each encoder, the others by torch.

    Args:
        pair, mask_model, masks_of: see :func:`computed_by`.

    Returns:
        By the encoder's name, then the back end's. Empty where torch has no rival.
    """
    masks_of = remembering(masks_of, pair, mask_model)
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
        other = replaced(pair, mask_model, {host.encoder_name: name})
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


def remembering(masks_of: MasksOf, pair: ModelPair, mask_model: MaskModel | None) -> MasksOf:
    """The same, which makes torch's masks only once."""

    @cache
    def by_torch() -> Sequence[NDArray[np.bool_]]:
        return masks_of(pair, mask_model)

    def found(one: ModelPair, other: MaskModel | None) -> Sequence[NDArray[np.bool_]]:
        same = one is pair and other is mask_model
        return by_torch() if same else masks_of(one, other)

    return found
