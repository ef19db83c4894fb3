"""Mask scoring the slow way: one mask, one template, one text at a time, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Vector = np.ndarray


def softmax(values: Sequence[float]) -> np.ndarray:
    powers = [float(np.exp(v - max(values))) for v in values]
    return np.array([p / sum(powers) for p in powers])


def cosine(a: Vector, b: Vector) -> float:
    norms = float(np.sqrt((a * a).sum()) * np.sqrt((b * b).sum()))
    return 0.0 if norms == 0 else float((a * b).sum()) / norms


def double_softmax(
    encode_picture: Callable[[], Vector],
    encode_text: Callable[[str], Vector],
    texts: Sequence[str],
    templates: Sequence[str],
    scale: float,
) -> np.ndarray:
    """Scores of one prompted picture, encoded anew for every template like the reference."""
    total = np.zeros(len(texts))
    for template in templates:
        picture = encode_picture()
        total += softmax(
            [scale * cosine(picture, encode_text(template.replace("{}", t))) for t in texts]
        )
    return total if len(templates) == 1 else softmax(total.tolist())


def average(
    encode_text: Callable[[str], Vector], text: str, templates: Sequence[str]
) -> Vector:
    """Unit-length mean of unit-length embeddings."""
    total = 0.0
    for template in templates:
        vector = encode_text(template.replace("{}", text))
        total = total + vector / np.sqrt((vector * vector).sum())
    return total / np.sqrt((total * total).sum())


def averaged_softmax(
    picture: Vector,
    encode_text: Callable[[str], Vector],
    texts: Sequence[str],
    templates: Sequence[str],
    scale: float,
) -> np.ndarray:
    """Templates averaged, one softmax."""
    vectors = [average(encode_text, text, templates) for text in texts]
    return softmax([scale * cosine(picture, vector) for vector in vectors])


def geometric(first: np.ndarray, second: np.ndarray, weight: float) -> np.ndarray:
    mixed = first ** (1 - weight) * second**weight
    return mixed / mixed.sum()


def pool(dense: np.ndarray, mask: np.ndarray) -> Vector:
    """dense [D, h, w], mask [H, W]: mean of the cells, weighted by how much mask they hold."""
    _, rows, columns = dense.shape
    height, width = mask.shape
    total, weight = np.zeros(len(dense)), 0.0
    for r in range(rows):
        for c in range(columns):
            part = mask[
                int(np.floor(r * height / rows)) : int(np.ceil((r + 1) * height / rows)),
                int(np.floor(c * width / columns)) : int(np.ceil((c + 1) * width / columns)),
            ].mean()
            total += part * dense[:, r, c]
            weight += part
    return total / weight if weight else total
