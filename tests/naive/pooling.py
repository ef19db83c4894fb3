"""The way of ``lite``: cells choose among texts, masks are judged by their mean cell."""

from __future__ import annotations

import numpy as np
import torch

from car_video.config import SegmentConfig
from tests.naive import affinity, classifier, proposals
from tests.naive.networks import Tower

Floats = np.ndarray


def dense(tower: Tower, seen: Floats) -> tuple[Floats, Floats]:
    """Features [C, h, w] of every cell, and their embedding [D, h, w]."""
    with torch.no_grad():
        cells, _ = tower.image.features(tower.scaled(seen))
        embedded = tower.image.head(cells)
    features, joint = (x[0].permute(2, 0, 1).double().numpy() for x in (cells, embedded))
    return features, joint


def cell_proposals(
    tower: Tower,
    seen: Floats,
    queries: Floats,
    words: Floats,
    config: SegmentConfig,
    walk: Floats | None = None,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Maps before and after they are spread, the embedded cells, and the likeness of cells,
    which ``walk`` is if it has been computed."""
    features, embedded = dense(tower, seen)
    unit = embedded / np.sqrt((embedded**2).sum(0, keepdims=True))
    own, rival = (
        tower.scale * np.einsum("td,dhw->thw", texts, unit) for texts in (queries, words)
    )
    everyone = np.ones((len(queries), len(words)), bool)
    raw = proposals.cell_probabilities(own, rival, everyone, config.mode == "semantic")
    if walk is None:
        walk = affinity.likeness(features, config.proposal.affinity_temperature)
        walk = (walk + walk.T) / 2
    maps = []
    for cam in raw:
        flat = cam.flatten()
        for _ in range(config.proposal.affinity_steps):
            flat = walk @ flat
        flat = flat - flat.min()
        maps.append((flat / flat.max() if flat.max() > 0 else flat).reshape(cam.shape))
    return raw, np.stack(maps), embedded, walk


def scores(
    tower: Tower, maps: Floats, cells: Floats, names: list[str], config: SegmentConfig
) -> Floats:
    """Share of each query among all of them in the mean cell under its proposal, [N]."""
    if len(names) == 1:
        return np.ones(1)
    result = []
    for number, cam in enumerate(maps):
        under = cam > config.proposal.mask_threshold
        mean = cells[:, under].mean(1) if under.any() else np.zeros(len(cells))
        row = classifier.averaged_softmax(mean, tower.text, names, ("{}",), tower.scale)
        result.append(row[number] if under.any() else 0.0)
    return np.array(result)


def presence(
    tower: Tower, maps: Floats, cells: Floats, names: list[str], config: SegmentConfig
) -> Floats:
    """Each query alone against the background words, [N]."""
    result = []
    for cam, name in zip(maps, names, strict=True):
        under = cam > config.proposal.mask_threshold
        if not under.any():
            result.append(0.0)
            continue
        mean = cells[:, under].mean(1)
        logits = [
            tower.scale * classifier.cosine(mean, tower.text(text))
            for text in [name, *config.background]
        ]
        result.append(float(classifier.softmax(logits)[0]))
    return np.array(result)
