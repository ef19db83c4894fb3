"""Train the heads on cached cells and sentence embeddings.

Six losses, one step of all of them at a time:

global   pooled picture against caption (InfoNCE)
dense    caption against the region of a picture that it attends to (InfoNCE)
phrase   the same for a noun phrase of a caption
words    present words against absent ones, in both directions, on attended regions
classes  ImageNet class prototypes against class names (InfoNCE)
cells    single cells rank nouns as the ImageNet classifier ranks the classes that they hold
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.errors import DataError
from car_video.models.device import fastest_dtype
from tools.build_lite.batches import Batch, Sampler
from tools.build_lite.heads import Heads
from tools.build_lite.losses import (
    cell_distillation,
    contrastive,
    doubtful,
    multi_label,
    near_duplicates,
    region_similarity,
)
from tools.build_lite.prototypes import class_prototypes
from tools.build_lite.recipe import Recipe
from tools.build_lite.retrieval import recalls
from tools.build_lite.texts import TextTables


@dataclass(frozen=True)
class Frozen:
    """What stays fixed during training.

    Attributes:
        cells: float16 [N, n, C]: whitened features of all pictures.
        pooled: float32 [T, C]: their means over the cells, training pictures only.
        prototypes: float32 [classes, C].
        class_weight, class_bias: the ImageNet classifier on the first channels.
    """

    cells: Tensor
    pooled: Tensor
    prototypes: Tensor
    class_weight: Tensor
    class_bias: Tensor


def freeze(
    cells: Tensor,
    train: NDArray[np.int64],
    classifier: tuple[Tensor, Tensor],
    ridge: float,
    device: torch.device,
) -> Frozen:
    """Gather the fixed tensors on one device.

    Args:
        cells: float16 [N, n, C].
        train: training pictures.
        classifier: from :func:`tools.build_lite.prototypes.whitened_classifier`.
        ridge: see :func:`class_prototypes`.
        device: to train on.
    """
    weight, bias = (part.to(device) for part in classifier)
    pooled = torch.cat([part.float().mean(1) for part in cells[train].split(500)]).to(device)
    prototypes = class_prototypes(pooled, weight, ridge)
    return Frozen(cells.to(device), pooled, prototypes, weight, bias)


def step_losses(
    heads: Heads, batch: Batch, frozen: Frozen, recipe: Recipe
) -> dict[str, Tensor]:
    """The six losses of one batch, not weighted.

    The pooled picture is of all cells; single cells are a random choice of them, and where
    the device multiplies bfloat16 natively, cells are compared in it.
    """
    everywhere = frozen.cells[batch.images.to(frozen.cells.device)]
    count = min(recipe.region_cells, everywhere.shape[1])
    raw = everywhere[:, torch.randperm(everywhere.shape[1])[:count]]
    pooled = F.normalize(heads.image(everywhere.float().mean(1)), dim=-1)
    native = fastest_dtype(raw.device)
    fast = torch.autocast(raw.device.type, native, enabled=native == torch.bfloat16)
    with fast:
        dense = heads.image(raw.float())
    cells = F.normalize(dense.float(), dim=-1)
    captions, phrases = heads.text(batch.captions), heads.text(batch.phrases)
    scale = heads.log_scale.exp().clamp(max=recipe.scale_limit)
    region_scale = heads.log_region_scale.exp().clamp(max=recipe.scale_limit)
    texts = torch.cat([captions, phrases, heads.text(batch.words)])
    with fast:
        regions = region_similarity(cells, texts, recipe.region_temperature)
    own, phrased, worded = (regions.float() * region_scale).split(
        [len(captions), len(phrases), len(batch.words)], dim=1
    )
    same = near_duplicates(batch.captions, recipe.duplicate_cosine)
    same_phrase = near_duplicates(batch.phrases, recipe.duplicate_cosine)
    not_said = ~batch.has_word & ~batch.ignore_word
    ignored = batch.ignore_word | doubtful(worded, not_said, recipe.word_doubt)
    losses = {
        "global": contrastive(pooled @ captions.T * scale, same),
        "dense": contrastive(own, same),
        "words": multi_label(worded, batch.has_word, ignored, recipe.word_columns),
    }
    if len(phrases):
        losses["phrase"] = contrastive(phrased[batch.phrase_row], same_phrase)
    names = heads.text(batch.names)
    seen = F.normalize(heads.image(_vary(frozen, batch.classes, recipe)), dim=-1)
    losses["classes"] = contrastive(seen @ names.T * scale)
    nouns = heads.text(batch.nouns)
    losses["cells"] = _distil(cells, raw, nouns, batch.noun_classes, frozen, scale, recipe)
    return losses


def _vary(frozen: Frozen, classes: Tensor, recipe: Recipe) -> Tensor:
    """Prototypes of some classes, stretched and moved towards random pictures."""
    count, device = len(classes), classes.device
    pictures = torch.randint(len(frozen.pooled), (count,), device=device)
    move = frozen.pooled[pictures] - frozen.pooled.mean(0)
    stretch = 1 + recipe.prototype_stretch * (2 * torch.rand(count, 1, device=device) - 1)
    amount = recipe.prototype_noise * torch.rand(count, 1, device=device)
    return frozen.prototypes[classes] * stretch + move * amount


def _distil(
    cells: Tensor,
    raw: Tensor,
    nouns: Tensor,
    noun_classes: Tensor,
    frozen: Frozen,
    scale: Tensor,
    recipe: Recipe,
) -> Tensor:
    """Cell distillation on a random choice of the batch's cells."""
    flat, features = cells.flatten(0, 1), raw.flatten(0, 1)
    picked = torch.randint(len(flat), (recipe.cells_per_step,), device=flat.device)
    known = features[picked, : len(frozen.class_weight)].float()
    classes = (known @ frozen.class_weight + frozen.class_bias).softmax(-1)
    return cell_distillation(flat[picked] @ nouns.T * scale, classes @ noun_classes.T)


def train_heads(
    frozen: Frozen,
    tables: TextTables,
    train: NDArray[np.int64],
    held_out: Sequence[NDArray[np.int64]],
    recipe: Recipe,
    say: Callable[[str], None],
) -> Heads:
    """Train from scratch.

    Args:
        frozen: cells, prototypes, classifier.
        tables: all texts.
        train: training pictures.
        held_out: held-out pictures of each data set.
        recipe: all numbers.
        say: told loss and held-out retrieval after every epoch.

    Raises:
        DataError: fewer training pictures than a batch.
    """
    if len(train) < recipe.batch:
        raise DataError(f"{len(train)} training pictures are less than a batch, {recipe.batch}")
    torch.manual_seed(recipe.seed)
    device = frozen.cells.device
    heads = Heads(
        frozen.cells.shape[-1],
        tables.captions.shape[-1],
        recipe.text_hidden,
        recipe.embed_dim,
        recipe.dropout,
        recipe.first_scale,
    ).to(device)
    steps = len(train) // recipe.batch * recipe.epochs
    optimiser = torch.optim.AdamW(heads.parameters(), weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=steps, pct_start=recipe.warm_up
    )
    weights = {
        name: getattr(recipe, f"weight_{name}")
        for name in ("global", "dense", "phrase", "words", "classes", "cells")
    }
    sampler = Sampler(tables, recipe, device)
    for epoch in range(recipe.epochs):
        heads.train()
        total = 0.0
        batches = sampler.epoch(train, recipe.batch)
        for images in batches:
            parts = step_losses(heads, sampler.draw(images), frozen, recipe)
            loss = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        heads.eval()
        found = "; ".join(
            held_out_recalls(heads, frozen.cells, tables, some) for some in held_out
        )
        mean = total / len(batches)
        say(f"train: epoch {epoch + 1} of {recipe.epochs}, loss {mean:.3f}; held out {found}")
    return heads


@torch.no_grad()
def held_out_recalls(
    heads: Heads, cells: Tensor, tables: TextTables, held_out: NDArray[np.int64]
) -> str:
    """Text to image retrieval with the first caption of each held-out picture, in words."""
    pooled = [heads.image(part.float()).mean(1) for part in cells[held_out].split(200)]
    images = F.normalize(torch.cat(pooled), dim=-1)
    first = [int(np.flatnonzero(tables.caption_image == i)[0]) for i in held_out]
    captions = torch.from_numpy(tables.captions[first].astype(np.float32)).to(images.device)
    found = recalls(heads.text(captions) @ images.T)
    return ", ".join(f"R@{k} {value:.3f}" for k, value in found.items())
