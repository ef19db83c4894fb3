"""Parts of a picture and their names."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from car_video.segment.mask_selection.regions import name_parts, paint_parts


def slow_paint(
    parts: np.ndarray, names: list[int], probability: list[float], count: int
) -> tuple[np.ndarray, list[float]]:
    """Pixel by pixel: the surest part that covers it gives the name."""
    masks = np.zeros((count, *parts.shape[1:]), bool)
    scores = [0.0] * count
    for y in range(parts.shape[1]):
        for x in range(parts.shape[2]):
            over = [k for k in range(len(parts)) if parts[k, y, x]]
            if not over:
                continue
            best = max(over, key=lambda k: probability[k])
            if names[best] >= 0:
                masks[names[best], y, x] = True
                scores[names[best]] = max(scores[names[best]], probability[best])
    return masks, scores


@given(seed=st.integers(0, 2**31), parts=st.integers(0, 40), names=st.integers(1, 5))
def test_painting_is_that_of_the_slow_way(seed: int, parts: int, names: int) -> None:
    rng = np.random.default_rng(seed)
    covered = rng.random((parts, 6, 7)) < rng.random((parts, 1, 1))
    numbers = rng.integers(-1, names, parts)
    probability = rng.permutation(parts) / max(parts, 1) * 0.9 + 0.05  # no two alike
    masks, scores = paint_parts(
        torch.from_numpy(covered),
        torch.from_numpy(numbers),
        torch.from_numpy(probability),
        names,
    )
    wanted, wanted_scores = slow_paint(covered, numbers.tolist(), probability.tolist(), names)
    assert np.array_equal(masks.numpy(), wanted)
    assert scores.tolist() == pytest.approx(wanted_scores)
    assert int(masks.sum(0).max()) <= 1, "masks share no pixel"


def test_a_part_is_what_is_likelier_than_the_background() -> None:
    names, probability = name_parts(torch.tensor([[2.0, 1.0], [-1.0, -3.0]]))
    assert names.tolist() == [0, -1]
    odds = np.exp([2.0, 1.0])
    assert float(probability[0]) == pytest.approx(odds[0] / (1 + odds.sum()))
    assert float(probability[1]) == pytest.approx(1 / (1 + np.exp(-1) + np.exp(-3)))


def test_without_parts_nothing_is_found() -> None:
    names, probability = name_parts(torch.zeros(0, 3))
    masks, scores = paint_parts(torch.zeros(0, 4, 4, dtype=torch.bool), names, probability, 3)
    assert not masks.any()
    assert not scores.any()
