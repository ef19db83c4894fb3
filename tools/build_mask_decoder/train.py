"""Set prediction: every query finds its mask by the Hungarian rule, the rest are nothing.

The loss is Mask2Former's (arXiv 2112.01527, section 3.3) as transformers has it, on the last
prediction and on those before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from transformers.models.mask2former.modeling_mask2former import Mask2FormerLoss

from car_video.models.fcclip.pixel_decoder import mask2former_config
from tools.build_mask_decoder.network import ObjectMasks, Prediction
from tools.build_mask_decoder.recipe import Recipe

CLIPPED = 0.01
"""Norm that gradients are clipped at, Mask2Former's value."""


class SetLoss:
    """The sum of Mask2Former's losses with its weights."""

    def __init__(self, recipe: Recipe) -> None:
        config = mask2former_config(recipe.architecture)
        config.num_labels = 1
        config.train_num_points = recipe.points
        weights = {
            "loss_cross_entropy": config.class_weight,
            "loss_mask": config.mask_weight,
            "loss_dice": config.dice_weight,
        }
        self._weights = weights
        self._loss = Mask2FormerLoss(config, weights)

    def __call__(self, predictions: Sequence[Prediction], targets: Sequence[Tensor]) -> Tensor:
        """
        Args:
            predictions: after every layer.
            targets: masks [K, h, w] of each picture.
        """
        classes = [torch.zeros(len(t), dtype=torch.int64, device=t.device) for t in targets]
        total = predictions[0][0].new_zeros(())
        for masks, scores in predictions:
            parts = self._loss(masks, scores, list(targets), classes)
            for name, value in parts.items():
                total = total + self._weights[name] * value
        return total / len(predictions)


def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """Warm-up, then half a cosine to nought."""
    if step < recipe.warm_up:
        return recipe.learning_rate * (step + 1) / recipe.warm_up
    done = (step - recipe.warm_up) / max(1, steps - recipe.warm_up)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def train(
    network: ObjectMasks,
    batches: Callable[[int], tuple[tuple[Tensor, ...], list[Tensor]]],
    steps: int,
    recipe: Recipe,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> list[float]:
    """Fit the decoders.

    Args:
        network: changed in place.
        batches: stages of the trunk and targets of a step.
        steps: how many.
        recipe: of the optimiser.
        report: called after every step.

    Returns:
        the loss of every step.
    """
    loss_of = SetLoss(recipe)
    optimiser = torch.optim.AdamW(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    losses = []
    network.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, steps, recipe)
        stages, targets = batches(step)
        loss = loss_of(network(stages), targets)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIPPED)
        optimiser.step()
        losses.append(float(loss.detach()))
        report(step, losses[-1])
    network.eval()
    return losses
