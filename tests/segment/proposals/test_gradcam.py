"""Grad-CAM's arithmetic over texts, on a model whose gradient is known: a linear one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from car_video.config import CamOptions
from car_video.models.base import ImageFeatures
from car_video.segment.proposals.gradcam import (
    CamWeights,
    cam_directions,
    cam_maps,
    grad_cam,
    min_max,
    text_logits,
)
from car_video.segment.proposals.released_code import (
    maps_as_reference,
    min_max_with_epsilon,
    probabilities,
)

WIDTH, CHANNELS = 6, 5


@dataclass
class LinearModel:
    """pooled = mean cell, times a matrix, plus a bias: every cell has the same gradient."""

    matrix: Tensor  # [C, D]
    bias: Tensor  # [D]
    logit_scale: float = 6.0

    def features(self, cells: Tensor) -> ImageFeatures:
        return ImageFeatures(cells, cells.mean((-2, -1)) @ self.matrix + self.bias)

    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        rows, columns = features.grid
        return directions @ self.matrix.T / (rows * columns)


def case(
    seed: int, batch: int, queries: int, words: int
) -> tuple[Any, ImageFeatures, Any, Any]:
    generator = torch.Generator().manual_seed(seed)

    def rand(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    model = LinearModel(rand(CHANNELS, WIDTH), rand(WIDTH))
    features = model.features(rand(batch, CHANNELS, 3, 4))
    return (
        model,
        features,
        normalize(rand(queries, WIDTH), dim=-1),
        normalize(rand(words, WIDTH), dim=-1),
    )


def true_weights(
    model: Any, features: ImageFeatures, queries: Tensor, words: Tensor, mode: str
) -> Tensor:
    """[B, N, C]: gradient of each probability, averaged over cells, by autograd."""
    cells = features.cam_map.clone().requires_grad_()
    unit = normalize(cells.mean((-2, -1)) @ model.matrix + model.bias, dim=-1)
    result = []
    for index in range(len(queries)):
        texts = queries if mode == "semantic" else queries[index : index + 1]
        logits = model.logit_scale * unit @ torch.cat([texts, words]).T
        chosen = logits.softmax(-1)[:, index if mode == "semantic" else 0]
        gradient = torch.autograd.grad(chosen.sum(), cells, retain_graph=True)[0]
        result.append(gradient.mean((-2, -1)))
    return torch.stack(result, 1)


cases = given(
    seed=st.integers(0, 10**6),
    batch=st.integers(1, 3),
    queries=st.integers(1, 9),
    words=st.integers(1, 6),
    mode=st.sampled_from(["semantic", "refer"]),
)


@settings(max_examples=60, deadline=None)
@cases
def test_weights_are_the_gradient_of_the_probability(
    seed: int, batch: int, queries: int, words: int, mode: Any
) -> None:
    model, features, texts, background = case(seed, batch, queries, words)
    weights = CamWeights.compute(model, features, texts, background)
    p = probabilities(weights, mode)
    got = weights.combine(mode) * (p * (1 - p)).unsqueeze(-1)
    want = true_weights(model, features, texts, background, mode)
    torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-12)
    if mode == "semantic":
        both = torch.cat([texts, background])
        every = text_logits(features.pooled, both, model.logit_scale).softmax(-1)
        torch.testing.assert_close(p, every[:, :queries])


@settings(max_examples=20, deadline=None)
@cases
def test_cosines_are_of_what_lies_beyond_the_centre(
    seed: int, batch: int, queries: int, words: int, mode: Any
) -> None:
    """Whatever all pictures have in common, the weights are the same."""
    model, features, texts, background = case(seed, batch, queries, words)
    weights = CamWeights.compute(model, features, texts, background)
    common = 10 * model.bias.flip(0)
    moved = LinearModel(model.matrix, model.bias + common)
    found = CamWeights.compute(
        moved, moved.features(features.cam_map), texts, background, centre=common
    )
    torch.testing.assert_close(found.combine(mode), weights.combine(mode))
    torch.testing.assert_close(probabilities(found, mode), probabilities(weights, mode))


@settings(max_examples=30, deadline=None)
@cases
def test_a_later_step_needs_no_backward_pass(
    seed: int, batch: int, queries: int, words: int, mode: Any
) -> None:
    """Weights computed once, of the survivors only, are those of a fresh start with them."""
    model, features, texts, background = case(seed, batch, queries, words)
    weights = CamWeights.compute(model, features, texts, background)
    alive = torch.rand(queries, generator=torch.Generator().manual_seed(seed)) < 0.6
    alive[seed % queries] = True
    again = CamWeights.compute(model, features, texts[alive], background)
    for chosen in (alive, alive.nonzero()[:, 0]):
        kept = weights.select(chosen)
        torch.testing.assert_close(kept.combine(mode), again.combine(mode))
        torch.testing.assert_close(probabilities(kept, mode), probabilities(again, mode))


@settings(max_examples=40, deadline=None)
@cases
def test_maps_are_scaled_and_per_image(
    seed: int, batch: int, queries: int, words: int, mode: Any
) -> None:
    model, features, texts, background = case(seed, batch, queries, words)
    maps = grad_cam(model, features, texts, background, mode)
    assert maps.shape == (batch, queries, 3, 4)
    low, high = maps.amin((-2, -1)), maps.amax((-2, -1))
    assert bool((low == 0).all())
    assert bool(((high == 1) | (high == 0)).all())
    for index in range(batch):
        one = ImageFeatures(features.cam_map[[index]], features.pooled[[index]])
        alone = grad_cam(model, one, texts, background, mode)
        torch.testing.assert_close(alone[0], maps[index])
    want = cam_maps(features.cam_map, true_weights(model, features, texts, background, mode))
    torch.testing.assert_close(maps, min_max(want), rtol=0, atol=1e-6)


def test_refer_mode_is_each_query_alone() -> None:
    model, features, texts, background = case(3, 2, 4, 5)
    together = grad_cam(model, features, texts, background, "refer")
    for index in range(4):
        alone = grad_cam(model, features, texts[[index]], background, "semantic")
        torch.testing.assert_close(together[:, [index]], alone)


def test_certain_texts_keep_their_map() -> None:
    """p_c = 1 to machine precision: the true gradient underflows, the map must not."""
    model, features, _, background = case(5, 1, 1, 4)
    model.logit_scale = 1e4
    query = normalize(features.pooled, dim=-1) * 0.999 + background[:1] * 0.001
    query = normalize(query, dim=-1)
    p = probabilities(CamWeights.compute(model, features, query, background))
    assert float(p) == 1.0
    sure = grad_cam(model, features, query, background)
    assert float(sure.max()) == 1.0
    assert bool(torch.isfinite(sure).all())


def test_without_any_rival_the_logit_decides() -> None:
    model, features, texts, background = case(7, 2, 1, 1)
    none = background[:0]
    weights = CamWeights.compute(model, features, texts, none)
    torch.testing.assert_close(weights.combine(), weights.queries)
    torch.testing.assert_close(weights.combine("refer"), weights.queries)
    assert bool((probabilities(weights) == 1).all())
    logit = text_logits(features.pooled, texts, model.logit_scale)
    directions = cam_directions(features.pooled, texts, model.logit_scale)
    step = 1e-6 * directions[:, 0]
    moved = text_logits(features.pooled + step, texts, model.logit_scale)
    slope = (directions[:, 0] ** 2).sum(-1, keepdim=True) * 1e-6
    torch.testing.assert_close(moved - logit, slope, rtol=1e-3, atol=0)


def test_foreground_fallback_only_fills_empty_maps() -> None:
    filled = 0
    for seed in range(40):
        model, features, texts, background = case(seed, 1, 3, 6)
        cells = features.cam_map  # hardly different cells: a map is all or nothing
        features = model.features(cells[..., :1, :1] + 0.01 * cells)
        plain = grad_cam(model, features, texts, background)
        weights = CamWeights.compute(model, features, texts, background)
        without = replace(weights, background_logit=torch.full((1,), -torch.inf))
        option = CamOptions(foreground_fallback=True)
        maps = maps_as_reference(weights, features.cam_map, "semantic", option)
        other = min_max(cam_maps(features.cam_map, without.combine()))
        empty = plain.amax((-2, -1)) == 0
        filled += int(empty.sum())
        torch.testing.assert_close(maps[~empty], plain[~empty])
        torch.testing.assert_close(maps[empty], other[empty])
    assert filled > 0


def test_true_factor_and_epsilon_shrink_improbable_maps() -> None:
    """With the reference's factor and a large epsilon, an improbable text's map fades."""
    model, features, texts, background = case(11, 1, 4, 4)
    weights = CamWeights.compute(model, features, texts, background)
    option = CamOptions(epsilon=1e-2, keep_probability=True)
    got = maps_as_reference(weights, features.cam_map, "semantic", option)
    want = cam_maps(
        features.cam_map, true_weights(model, features, texts, background, "semantic")
    )
    torch.testing.assert_close(got, min_max_with_epsilon(want, 1e-2))


def test_min_max_of_flat_and_tiny_maps() -> None:
    maps = torch.stack([torch.zeros(2, 3), torch.full((2, 3), 5.0), torch.eye(3)[:2] * 1e-20])
    scaled = min_max(maps)
    assert torch.equal(scaled[:2], torch.zeros(2, 2, 3))
    torch.testing.assert_close(scaled[2], torch.eye(3)[:2])
    assert float(min_max_with_epsilon(maps, 1e-15)[2].max()) < 1e-4


def test_directions_do_not_move_the_length() -> None:
    _, features, texts, _ = case(13, 3, 4, 1)
    directions = cam_directions(features.pooled, texts, 1.0)
    along = (directions * features.pooled.unsqueeze(1)).sum(-1)
    torch.testing.assert_close(along, torch.zeros_like(along), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_inputs_give_float32(dtype: torch.dtype) -> None:
    pooled, texts = torch.randn(2, WIDTH, dtype=dtype), torch.randn(3, WIDTH, dtype=dtype)
    assert text_logits(pooled, texts, 10.0).dtype == torch.float32
    assert cam_directions(pooled, texts, 10.0).dtype == torch.float32
