"""An encoder as an ONNX file for pictures of any size, and the comparison with torch."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from car_video.backends.runtime import MODEL
from car_video.models.encoder import ImageEncoder

OPSET = 17
"""Of ONNX: the first with LayerNormalization, which all versions of the runtimes know."""

FORM = 1
"""Of what is exported; part of the key in the cache."""

BOUND = 1e-3
"""Largest error that a cell may have, as part of the mean length of the cells' features. Other
orders of summation give about 1e-5 (docs/video.md, "Back ends"), a wrong padding, layout or
operator 1e-1 and more. So the bound lies between the two with room on either side."""


def export(network: nn.Module, example: Tensor, folder: Path) -> None:
    """Write a network as ``model.onnx``.

    The exporter that traces is taken: it makes one file for all sizes in seconds. The one by
    ``torch.export`` took four times as long for a single size, and found no end with free ones.

    Args:
        network: of :meth:`~car_video.models.encoder.EncoderHost.encoder_network`.
        example: prepared picture float32 [1, 3, H, W].
        folder: to write into.
    """
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that sizes are traced: they are free axes
        logger.setLevel(logging.ERROR)
        try:
            found = network(example)
            count = 1 if isinstance(found, Tensor) else len(found)
            names = [f"map{number}" for number in range(count)]
            axes = {0: "batch", 2: "height", 3: "width"}
            torch.onnx.export(
                network,
                (example,),
                str(folder / MODEL),
                input_names=["prepared"],
                output_names=names,
                dynamic_axes={"prepared": axes}
                | {name: {k: f"{v} of {name}" for k, v in axes.items()} for name in names},
                opset_version=OPSET,
                dynamo=False,
            )
        finally:
            logger.setLevel(level)


def largest_error(encoder: ImageEncoder, network: nn.Module, example: Tensor) -> float:
    """How far an encoder is from torch.

    Args:
        encoder: of a back end.
        network: the same in torch.
        example: prepared picture float32 [B, 3, H, W].

    Returns:
        The length of the largest difference of a cell, as part of the mean length of the
        cells' features; of the worst of the maps. Infinite where shapes differ or a value is
        not finite.
    """
    with torch.no_grad():
        wanted = network(example)
        maps = (wanted,) if isinstance(wanted, Tensor) else tuple(wanted)
        found = encoder(example)
    if [one.shape for one in found] != [one.shape for one in maps]:
        return float("inf")
    errors = [
        float((one.float() - other).norm(dim=1).max() / other.norm(dim=1).mean())
        for one, other in zip(found, maps, strict=True)
    ]
    return max(errors) if all(map(torch.isfinite, map(torch.tensor, errors))) else float("inf")
