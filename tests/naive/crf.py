"""Dense CRF the slow way: a dictionary for the lattice, loops over pixels and labels."""

from __future__ import annotations

import itertools
import math

import numpy as np


def enclosing_simplex(feature: np.ndarray) -> tuple[list[tuple[int, ...]], list[float]]:
    """Keys (first d coordinates) and barycentric weights of the d + 1 corners around a point.

    Elevation in float32, as the reference implementation does it: a regular pixel grid is
    full of ties, and which corner of weight zero exists matters for the blur.
    """
    d = len(feature)
    spread = np.float32(math.sqrt(2.0 / 3.0) * (d + 1))
    scale = [np.float32(1.0 / math.sqrt((i + 2) * (i + 1)) * float(spread)) for i in range(d)]
    scaled = [np.float32(feature[i]) * scale[i] for i in range(d)]
    elevated = []
    for i in range(d + 1):
        above = np.float32(0)
        for value in reversed(scaled[i:]):
            above = np.float32(above + value)
        if i == 0:
            elevated.append(above)
        else:
            elevated.append(np.float32(above - np.float32(i) * scaled[i - 1]))
    down = np.float32(1.0 / (d + 1))
    cell = [int(np.round(np.float32(e * down))) * (d + 1) for e in elevated]
    excess = sum(cell) // (d + 1)
    offset = [np.float32(e - np.float32(c)) for e, c in zip(elevated, cell, strict=True)]
    order = sorted(range(d + 1), key=lambda i: (-offset[i], i))  # largest offset first
    rank = {axis: place + excess for place, axis in enumerate(order)}
    for axis in range(d + 1):
        if rank[axis] < 0:
            rank[axis] += d + 1
            cell[axis] += d + 1
        elif rank[axis] > d:
            rank[axis] -= d + 1
            cell[axis] -= d + 1
    by_rank = sorted(range(d + 1), key=lambda axis: rank[axis])
    rest = [float(elevated[axis] - np.float32(cell[axis])) / (d + 1) for axis in by_rank]
    weights = [1.0 - rest[0] + rest[d]]
    weights += [rest[d - k] - rest[d - k + 1] for k in range(1, d + 1)]
    keys = []
    for k in range(d + 1):  # the coordinates of the k last ranks have passed a cell border
        corner = [cell[a] + (k if rank[a] <= d - k else k - (d + 1)) for a in range(d + 1)]
        assert sum(corner) == 0
        keys.append(tuple(corner[:d]))
    return keys, weights


def lattice_filter(features: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Splat, blur, slice. features [d, P], values [C, P] -> [C, P]."""
    d, points = features.shape
    simplices = [enclosing_simplex(features[:, p]) for p in range(points)]
    nodes: dict[tuple[int, ...], np.ndarray] = {}
    for p, (keys, weights) in enumerate(simplices):
        for key, weight in zip(keys, weights, strict=True):
            nodes.setdefault(key, np.zeros(len(values)))
            nodes[key] = nodes[key] + weight * values[:, p]
    nothing = np.zeros(len(values))
    for axis in range(d + 1):
        step = np.full(d, -1)
        if axis < d:
            step[axis] = d
        nodes = {
            key: value
            + 0.5 * nodes.get(tuple(np.add(key, step)), nothing)
            + 0.5 * nodes.get(tuple(np.subtract(key, step)), nothing)
            for key, value in nodes.items()
        }
    result = np.zeros((len(values), points))
    for p, (keys, weights) in enumerate(simplices):
        for key, weight in zip(keys, weights, strict=True):
            result[:, p] += weight * nodes[key]
    return result / (1.0 + 2.0**-d)


def gaussian_filter(features: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What the lattice approximates: every point hears every point. Not normalised."""
    result = np.zeros_like(values, dtype=float)
    for p, q in itertools.product(range(features.shape[1]), repeat=2):
        distance = ((features[:, p] - features[:, q]) ** 2).sum()
        result[:, p] += math.exp(-0.5 * distance) * values[:, q]
    return result


def wrapped_bgr(image: np.ndarray) -> np.ndarray:
    """BGR minus mean, whole part, modulo 256."""
    result = np.zeros_like(image)
    for index in np.ndindex(image.shape[:2]):
        red, green, blue = (int(v) for v in image[index])
        for c, (value, mean) in enumerate([(blue, 104.008), (green, 116.669), (red, 122.675)]):
            result[index][c] = int(value - mean) % 256
    return result


def marginals(
    image: np.ndarray,
    probabilities: np.ndarray,
    iterations: int = 10,
    spatial: tuple[float, float] = (1.0, 3.0),
    bilateral: tuple[float, float, float] = (67.0, 3.0, 4.0),
) -> np.ndarray:
    """Mean field with Potts compatibility: image uint8 [H, W, 3], probabilities [L, H, W]."""
    height, width = image.shape[:2]
    labels = len(probabilities)
    pixels = list(itertools.product(range(height), range(width)))
    position = np.array([(x, y) for y, x in pixels], np.float32).T
    colour = np.array([image[y, x] for y, x in pixels], np.float32).T
    kernels = [
        (position / np.float32(spatial[0]), spatial[1]),
        (
            np.concatenate(
                [position / np.float32(bilateral[0]), colour / np.float32(bilateral[1])]
            ),
            bilateral[2],
        ),
    ]
    roots = [np.sqrt(lattice_filter(f, np.ones((1, len(pixels))))) for f, _ in kernels]
    unary = -np.log(np.clip(probabilities.reshape(labels, -1).astype(float), 1e-5, 1))
    beliefs = _softmax(-unary)
    for _ in range(iterations):
        logits = -unary
        for (features, weight), root in zip(kernels, roots, strict=True):
            logits = logits + weight * lattice_filter(features, beliefs / root) / root
        beliefs = _softmax(logits)
    return beliefs.reshape(labels, height, width)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(0))
    return powers / powers.sum(0)
