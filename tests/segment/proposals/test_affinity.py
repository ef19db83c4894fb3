"""Class-aware affinity against explicit matrices, and the boxes against OpenCV."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.models.base import ImageFeatures
from car_video.segment.proposals.affinity import (
    AffinityOptions,
    box_masks,
    feature_affinity,
    propagate,
    refine,
    sinkhorn,
    transition,
)
from car_video.segment.proposals.released_code import refine_as_reference, without_last_cells
from tests.naive import affinity as naive

grids = st.tuples(st.integers(1, 9), st.integers(1, 9))


def maps_of(seed: int, batch: int, count: int, grid: tuple[int, int]) -> Tensor:
    """Blotchy maps in [0, 1] with maximum 1; some are zero everywhere."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.rand(batch, count, *grid, generator=generator) ** 3
    maps *= torch.rand(maps.shape, generator=generator) > 0.3
    high = maps.amax((-2, -1), keepdim=True)
    return torch.where(high > 0, maps / high, 0.0)


def attention_of(seed: int, batch: int, cells: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(batch, cells, cells, generator=generator, dtype=torch.float64)
    return scores.softmax(-1)


def frames(attention: Tensor, grid: tuple[int, int]) -> ImageFeatures:
    batch = len(attention)
    return ImageFeatures(torch.zeros(batch, 1, *grid), torch.zeros(batch, 1), None, attention)


def boxes(maps: Tensor, threshold: float, border: bool) -> Tensor:
    """Box masks, with ``border`` those of the released code."""
    inside = box_masks(maps, threshold)
    return without_last_cells(inside) if border else inside


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    batch=st.integers(1, 3),
    count=st.integers(1, 6),
    grid=grids,
    threshold=st.sampled_from([0.0, 0.3, 0.4, 0.55, 0.7, 1.0]),
    border=st.booleans(),
)
def test_refined_maps_are_those_of_explicit_matrices(
    seed: int, batch: int, count: int, grid: tuple[int, int], threshold: float, border: bool
) -> None:
    maps = maps_of(seed, batch, count, grid).double()
    attention = attention_of(seed, batch, grid[0] * grid[1])
    options = AffinityOptions(box_threshold=threshold)
    walk = transition(frames(attention, grid), options)
    got = refine(walk, maps, options)
    if border:
        got = refine_as_reference(walk, maps, options, border=True, epsilon=0.0)
    for b in range(batch):
        for n in range(count):
            want = naive.refine(attention[b].numpy(), maps[b, n].numpy(), threshold, border)
            # A flat result is blown up by the scaling of whatever rounding left in it.
            if np.ptp(want) > 0 and grid != (1, 1):
                np.testing.assert_allclose(got[b, n].numpy(), want, atol=1e-7)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    grid=grids,
    threshold=st.sampled_from([0.0, 0.2, 0.4, 0.7, 0.95, 1.0]),
    border=st.booleans(),
)
def test_boxes_are_those_of_flood_fill(
    seed: int, grid: tuple[int, int], threshold: float, border: bool
) -> None:
    maps = maps_of(seed, 2, 4, grid)
    got = boxes(maps, threshold, border)
    for b in range(2):
        for n in range(4):
            want = naive.box_mask(maps[b, n].numpy(), threshold, border)
            np.testing.assert_array_equal(got[b, n].numpy(), want > 0)


@pytest.mark.parametrize("border", [False, True])
def test_boxes_are_those_of_opencv_contours(border: bool) -> None:
    cv2 = pytest.importorskip("cv2")
    for seed in range(60):
        height, width = 1 + seed % 11, 1 + (7 * seed) % 13
        maps = maps_of(seed, 1, 3, (height, width))
        got = boxes(maps, 0.4, border)[0].numpy()
        for cam, mask in zip(maps[0].numpy(), got, strict=True):
            grey = (cam * 255).astype(np.uint8)
            _, above = cv2.threshold(grey, int(0.4 * grey.max()), 255, cv2.THRESH_BINARY)
            contours = cv2.findContours(above, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[-2]
            want = np.zeros((height, width), bool)
            for x, y, w, h in map(cv2.boundingRect, contours):
                stop_y, stop_x = y + h, x + w
                if border:
                    stop_y, stop_x = min(stop_y, height - 1), min(stop_x, width - 1)
                want[y:stop_y, x:stop_x] = True
            np.testing.assert_array_equal(mask, want)


def test_nested_and_touching_regions() -> None:
    cam = torch.zeros(1, 1, 7, 8)
    cam[0, 0, 0, 0] = cam[0, 0, 1, 1] = 1.0  # touch by a corner: one box
    cam[0, 0, 4:7, 5:8] = 0.8
    cam[0, 0, 5, 6] = 0.0  # a hole changes nothing
    want = torch.zeros(7, 8, dtype=torch.bool)
    want[:2, :2] = want[4:, 5:] = True
    assert torch.equal(box_masks(cam, 0.4)[0, 0], want)
    want[6, :] = want[:, 7] = False
    assert torch.equal(boxes(cam, 0.4, True)[0, 0], want)


def test_threshold_one_is_lowered_until_a_cell_passes() -> None:
    cam = torch.tensor([[[[1.0, 0.95, 0.1, 0.0]]]])
    assert box_masks(cam, 1.0)[0, 0, 0].tolist() == [True, True, False, False]
    assert not bool(box_masks(torch.zeros(1, 1, 2, 2), 1.0).any())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), cells=st.integers(1, 30), rounds=st.integers(1, 4))
def test_walk_is_symmetric_and_sinkhorn_rows_sum_to_one(
    seed: int, cells: int, rounds: int
) -> None:
    attention = attention_of(seed, 2, cells)
    rows = sinkhorn(attention, rounds).sum(-1)
    torch.testing.assert_close(rows, torch.ones_like(rows))
    walk = transition(frames(attention, (1, cells)), AffinityOptions(rounds=rounds))
    torch.testing.assert_close(walk, walk.transpose(1, 2))
    want = [naive.walk(one.numpy(), rounds) for one in attention]
    np.testing.assert_allclose(walk.numpy(), np.stack(want), atol=1e-12)


def test_steps_are_powers_of_the_walk() -> None:
    walk = transition(frames(attention_of(0, 2, 12), (3, 4)))
    maps = maps_of(1, 2, 5, (3, 4)).double()
    flat = maps.flatten(2)
    for steps in range(4):
        power = torch.linalg.matrix_power(walk, steps)
        want = torch.einsum("bij,bnj->bni", power, flat).reshape(maps.shape)
        torch.testing.assert_close(propagate(walk, maps, steps), want)


def test_zero_rows_and_columns_do_no_harm() -> None:
    attention = attention_of(2, 1, 6)
    attention[:, 2] = 0
    attention[:, :, 4] = 0
    out = refine(transition(frames(attention, (2, 3))), maps_of(3, 1, 2, (2, 3)))
    assert bool(torch.isfinite(out).all())


def test_features_stand_in_where_there_is_no_attention() -> None:
    """Two areas of unlike features: a map spreads over its own area, not the other."""
    generator = torch.Generator().manual_seed(0)
    left, right = torch.rand(2, 16, generator=generator)
    cells = left.view(16, 1, 1).repeat(1, 6, 8)
    cells[:, :, 4:] = right.view(16, 1, 1)
    cells = (cells + 0.02 * torch.rand(cells.shape, generator=generator))[None]
    features = ImageFeatures(cells, torch.zeros(1, 1))
    rows = feature_affinity(cells).sum(-1)
    torch.testing.assert_close(rows, torch.ones_like(rows))
    cam = torch.zeros(1, 1, 6, 8)
    cam[0, 0, 1:3, 1:3] = 1
    refined = refine(transition(features), cam)[0, 0]
    assert float(refined[:, :4].min()) > 0.9
    assert float(refined[:, 4:].max()) < 0.1


def test_zero_maps_stay_zero() -> None:
    walk = transition(frames(attention_of(0, 1, 6), (2, 3)))
    out = refine(walk, torch.zeros(1, 3, 2, 3, dtype=torch.float64))
    assert torch.equal(out, torch.zeros_like(out))
