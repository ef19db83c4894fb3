"""Label propagation over remembered frames the slow way: one cell at a time, in float64."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.naive.classifier import softmax


def unit(features: np.ndarray) -> np.ndarray:
    """[D, h, w] -> the same, each cell less the mean cell and of unit length."""
    result = np.zeros(features.shape)
    mean = features.astype(np.float64).reshape(len(features), -1).mean(1)
    for y, x in np.ndindex(*features.shape[1:]):
        cell = features[:, y, x].astype(np.float64) - mean
        norm = float(np.sqrt((cell * cell).sum()))
        result[:, y, x] = cell / norm if norm > 0 else 0.0
    return result


def carry(
    remembered: Mapping[int, np.ndarray],
    labels: Mapping[int, np.ndarray],
    frame: np.ndarray,
    neighbours: int,
    radius: int,
    temperature: float,
) -> np.ndarray:
    """Where labels have gone: [h, w].

    Args:
        remembered: features [D, h, w] of every frame that is looked up.
        labels: [h, w] of those of them in which the label is known.
        frame: features [D, h, w] of the frame.
        neighbours: how many cells vote.
        radius: how far they may be.
        temperature: of their weights.
    """
    keys = {slot: unit(features) for slot, features in remembered.items()}
    queries = unit(frame)
    rows, columns = frame.shape[1:]
    result = np.zeros((rows, columns))
    for y, x in np.ndindex(rows, columns):
        found = []
        for slot, key in keys.items():
            for v in range(max(0, y - radius), min(rows, y + radius + 1)):
                for u in range(max(0, x - radius), min(columns, x + radius + 1)):
                    found.append((float(queries[:, y, x] @ key[:, v, u]), slot, v, u))
        voters = sorted(found, reverse=True)[:neighbours]
        weights = softmax([cosine / temperature for cosine, *_ in voters])
        total = share = 0.0
        for weight, (_, slot, v, u) in zip(weights, voters, strict=True):
            if slot in labels:
                total += weight * float(labels[slot][v, u])
                share += weight
        result[y, x] = total / max(share, 1e-6)  # voters that know next to nothing: near 0
    return result
