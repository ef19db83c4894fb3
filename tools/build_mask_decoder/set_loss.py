"""The loss of set prediction, all pictures and predictions at once.

Every query finds its mask by the Hungarian rule, the rest are nothing. Costs, weights and
losses are Mask2Former's (arXiv 2112.01527, section 3.3); masks are compared at all their cells
instead of at sampled points, which this size allows. A loop over pictures, as transformers has
it, would wait for the GPU hundreds of times a step.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from tools.build_mask_decoder.network import Prediction

CLASS_WEIGHT, MASK_WEIGHT, DICE_WEIGHT = 2.0, 5.0, 5.0
NOTHING_WEIGHT = 0.1
"""Of a query that is nothing, in the cross entropy of objects."""

Target = tuple[Tensor, Tensor]
"""Masks of each picture, 0 or 1, [B, K, h, w], and bool [B, K]: which of the K places are
taken."""


def stacked(masks: Sequence[Tensor]) -> Target:
    """Masks [K, h, w] of each picture, as many as each has, in one tensor."""
    most = max(1, *(len(one) for one in masks))
    padded = [F.pad(one, (0, 0, 0, 0, 0, most - len(one))) for one in masks]
    counts = torch.tensor([len(one) for one in masks], device=masks[0].device)
    places = torch.arange(most, device=counts.device)
    return torch.stack(padded), places < counts[:, None]


@torch.no_grad()
def costs(masks: Tensor, scores: Tensor, wanted: Tensor) -> Tensor:
    """What it costs to give each query each mask, [B, Q, K].

    Args:
        masks: logits [B, Q, N] at N cells.
        scores: logits [B, Q, 2] of object and nothing.
        wanted: 0 or 1, [B, K, N].
    """
    cells = masks.shape[-1]
    # The cross entropy of logit x with target y is softplus(x) - x y.
    entropy = (F.softplus(masks).sum(-1, keepdim=True) - masks @ wanted.mT) / cells
    on = masks.sigmoid()
    shared = on @ wanted.mT
    total = on.sum(-1, keepdim=True) + wanted.sum(-1)[:, None]
    dice = 1 - (2 * shared + 1) / (total + 1)
    surely = scores.softmax(-1)[..., :1]
    return MASK_WEIGHT * entropy + DICE_WEIGHT * dice - CLASS_WEIGHT * surely


@torch.no_grad()
def assign(cost: Tensor, taken: Tensor) -> Tensor:
    """int64 [M, 3]: picture, query and place of every mask that has found a query.

    Args:
        cost: [B, Q, K].
        taken: bool [B, K].
    """
    matrices = cost.float().nan_to_num(1e9, 1e9, -1e9).cpu().numpy()
    counts = taken.sum(1).tolist()
    found = []
    for number, (matrix, count) in enumerate(zip(matrices, counts, strict=True)):
        for query, place in zip(*linear_sum_assignment(matrix[:, :count]), strict=True):
            found.append((number, int(query), int(place)))
    return torch.tensor(found, dtype=torch.int64, device=cost.device).view(-1, 3)


def set_loss(predictions: Sequence[Prediction], target: Target) -> Tensor:
    """Mean over the predictions of their weighted losses.

    Args:
        predictions: after every layer, of B pictures.
        target: of the pictures.
    """
    wanted, taken = target[0].flatten(2), target[1]
    batch, queries = predictions[0][1].shape[:2]
    layers = len(predictions)
    masks = torch.stack([masks for masks, _ in predictions]).flatten(3)
    scores = torch.stack([scores for _, scores in predictions])
    cost = costs(
        masks.flatten(0, 1), scores.flatten(0, 1), wanted.repeat(layers, 1, 1).to(masks)
    )
    found = assign(cost, taken.repeat(layers, 1))
    picture, query, place = found.unbind(1)
    own = masks.flatten(0, 1)[picture, query]
    truth = wanted[picture % batch, place].to(own)
    count = taken.sum().clamp_min(1) * layers
    entropy = F.binary_cross_entropy_with_logits(own, truth, reduction="none").mean(1).sum()
    on = own.sigmoid()
    dice = 1 - (2 * (on * truth).sum(1) + 1) / (on.sum(1) + truth.sum(1) + 1)
    classes = torch.ones(layers * batch, queries, dtype=torch.int64, device=masks.device)
    classes[picture, query] = 0
    weight = scores.new_tensor([1.0, NOTHING_WEIGHT])
    kinds = F.cross_entropy(scores.flatten(0, 2), classes.flatten(), weight)
    return CLASS_WEIGHT * kinds + (MASK_WEIGHT * entropy + DICE_WEIGHT * dice.sum()) / count
