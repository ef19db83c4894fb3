"""Milliseconds that encoders take for a frame on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from car_video.models.encoder import ImageEncoder
from car_video.models.numerics import in_standard_torch

ROUNDS = 4
"""All encoders in turn, so often. The least time of each counts: what other programs take only
makes times longer."""


@in_standard_torch
@torch.inference_mode()
def milliseconds(
    encoders: Mapping[str, ImageEncoder],
    example: Tensor,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """The least time of each encoder; a first round warms up and is not counted.

    Args:
        encoders: by name.
        example: prepared picture float32 [1, 3, H, W].
        clock: seconds.
    """
    least = dict.fromkeys(encoders, float("inf"))
    for number in range(ROUNDS + 1):
        for name, encoder in encoders.items():
            began = clock()
            encoder(example)
            if number:
                least[name] = min(least[name], 1000 * (clock() - began))
    return least
