"""Fit the decoders: AdamW, one cycle of the learning rate, parts of pictures, mirrored."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tools.build_mask_decoder.network import ObjectMasks
from tools.build_mask_decoder.recipe import Recipe
from tools.build_mask_decoder.set_loss import set_loss, stacked

CLIPPED = 0.01
"""Norm that gradients are clipped at, Mask2Former's value."""

Batch = tuple[tuple[Tensor, ...], list[Tensor]]
"""Stages of the trunk, and the masks [K, h, w] of each picture."""


@dataclass(frozen=True)
class Crop:
    """A part of a square, in parts of its side, maybe mirrored."""

    top: float
    left: float
    side: float
    mirrored: bool


def random_crop(generator: np.random.Generator, least: float) -> Crop:
    """A square of at least ``least`` of the side, anywhere in the picture."""
    side = float(generator.uniform(least, 1))
    top, left = generator.uniform(0, 1 - side, 2)
    return Crop(float(top), float(left), side, bool(generator.integers(2)))


def cropped(pictures: Tensor, crop: Crop) -> Tensor:
    """[B, C, H, W] -> the part of it, at the same size."""
    height, width = pictures.shape[-2:]
    top, left = round(crop.top * height), round(crop.left * width)
    rows, columns = max(1, round(crop.side * height)), max(1, round(crop.side * width))
    part = pictures[..., top : top + rows, left : left + columns]
    part = F.interpolate(part, (height, width), mode="bilinear", align_corners=False)
    return part.flip(-1) if crop.mirrored else part


def large_enough(masks: Tensor, least_area: float) -> Tensor:
    """Soft masks [K, h, w] as 0 and 1, without those that cover less than ``least_area``."""
    hard = (masks > 0.5).float()
    return hard[hard.flatten(1).mean(1) >= least_area]


def learning_rate(step: int, done: float, recipe: Recipe) -> float:
    """Warm-up, then half a cosine to nought.

    Args:
        step: its number.
        done: part of the training that is over.
        recipe: of the optimiser.
    """
    rising = min(1.0, (step + 1) / recipe.warm_up)
    return recipe.learning_rate * rising * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def train(
    network: ObjectMasks,
    batches: Callable[[int], Batch],
    recipe: Recipe,
    done: Callable[[int], float],
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> list[float]:
    """Fit the decoders.

    Args:
        network: changed in place.
        batches: of a step.
        recipe: of the optimiser.
        done: before a step, the part of the training that is over; it ends at 1.
        report: called after every step.

    Returns:
        the loss of every step.
    """
    optimiser = torch.optim.AdamW(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    losses: list[float] = []
    network.train()
    while (over := done(len(losses))) < 1:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(len(losses), over, recipe)
        stages, masks = batches(len(losses))
        loss = set_loss(network(stages), stacked(masks))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIPPED)
        optimiser.step()
        losses.append(float(loss.detach()))
        report(len(losses), losses[-1])
    network.eval()
    return losses


def orders(count: int, batch: int, seed: int) -> Callable[[int], Sequence[int]]:
    """Which pictures a step sees: every epoch sees all of them, in an order of its own."""
    each = max(1, count // batch)

    def of(step: int) -> Sequence[int]:
        shuffled = np.random.default_rng((seed, step // each)).permutation(count)
        start = step % each * batch
        return [int(i) for i in shuffled[start : start + batch]]

    return of
