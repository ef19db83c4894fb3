"""PAMR against loops over pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.errors import ConfigError
from car_video.segment.pamr import PamrConfig, pixel_affinity, refine_pamr


def naive_pamr(
    image: np.ndarray, maps: np.ndarray, dilations: tuple[int, ...], steps: int
) -> np.ndarray:
    """image uint8 [H, W, 3], maps [N, H, W]: one pixel, one neighbour at a time."""
    height, width = image.shape[:2]
    picture = image / 255.0

    def neighbours(y: int, x: int) -> list[tuple[int, int]]:
        return [
            (min(max(y + i * d, 0), height - 1), min(max(x + j * d, 0), width - 1))
            for d in dilations
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if (i, j) != (0, 0)
        ]

    weights = {}
    for y in range(height):
        for x in range(width):
            around = np.array([picture[place] for place in neighbours(y, x)])
            with_itself = np.concatenate([around, [picture[y, x]] * len(dilations)])
            deviation = with_itself.std(0, ddof=1)
            likeness = (-np.abs(picture[y, x] - around) / (1e-8 + 0.1 * deviation)).mean(1)
            powers = np.exp(likeness - likeness.max())
            weights[y, x] = powers / powers.sum()
    for _ in range(steps):
        result = np.zeros_like(maps)
        for y in range(height):
            for x in range(width):
                for weight, (i, j) in zip(weights[y, x], neighbours(y, x), strict=True):
                    result[:, y, x] += weight * maps[:, i, j]
        maps = result
    return maps


@settings(deadline=None, max_examples=12)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 8),
    width=st.integers(1, 8),
    dilations=st.sampled_from([(1,), (1, 2), (2, 5)]),
)
def test_equals_loops(seed: int, height: int, width: int, dilations: tuple[int, ...]) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    maps = rng.random((2, height, width))
    got = refine_pamr(image, torch.from_numpy(maps), PamrConfig(3, dilations)).numpy()
    np.testing.assert_allclose(got, naive_pamr(image, maps, dilations, 3), atol=1e-4)


def test_affinity_sums_to_one() -> None:
    affinity = pixel_affinity(torch.rand(2, 3, 20, 30), PamrConfig())
    assert affinity.shape == (2, 48, 20, 30)
    torch.testing.assert_close(affinity.sum(1), torch.ones(2, 20, 30))


def test_masks_move_to_the_edge_of_the_object() -> None:
    image = np.full((40, 60, 3), 40, np.uint8)
    image[:, 27:] = 200
    soft = torch.linspace(0, 1, 60).expand(1, 40, 60) + 0.05  # crosses one half at column 27
    soft = torch.roll(soft, 5, -1).clamp(0, 1)
    truth = torch.from_numpy(image[..., 0] > 100)
    before = ((soft[0] > 0.5) != truth).sum()
    refined = refine_pamr(image, soft, PamrConfig(dilations=(1, 2, 4, 8)))
    assert ((refined[0] > 0.5) != truth).sum() < before


def test_batch_equals_images_one_by_one() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 16, 20, 3)).astype(np.uint8)
    maps = torch.from_numpy(rng.random((3, 2, 16, 20))).float()
    both = refine_pamr(images, maps)
    for number in range(3):
        torch.testing.assert_close(both[number], refine_pamr(images[number], maps[number]))


def test_constant_and_absent_maps() -> None:
    image = np.random.default_rng(0).integers(0, 256, (10, 12, 3)).astype(np.uint8)
    for value in (0.0, 1.0):
        refined = refine_pamr(image, torch.full((2, 10, 12), value))
        torch.testing.assert_close(refined, torch.full((2, 10, 12), value))
    assert refine_pamr(image, torch.zeros(0, 10, 12)).shape == (0, 10, 12)
    assert refine_pamr(image[:1, :1], torch.ones(1, 1, 1)).shape == (1, 1, 1)


def test_no_steps_change_nothing() -> None:
    maps = torch.rand(1, 5, 6)
    image = np.zeros((5, 6, 3), np.uint8)
    assert torch.equal(refine_pamr(image, maps, PamrConfig(iterations=0)), maps)


def test_bad_input_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match="of one size"):
        refine_pamr(np.zeros((5, 6, 3), np.uint8), torch.zeros(1, 6, 5))
    for wrong, match in (
        ({"iterations": -1}, "iterations"),
        ({"dilations": ()}, "dilations"),
        ({"dilations": (0,)}, "dilations"),
        ({"contrast": 0.0}, "contrast"),
    ):
        with pytest.raises(ConfigError, match=match):
            PamrConfig(**wrong)  # type: ignore[arg-type]
