from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from car_video.eval.metrics import excess_flicker, flicker
from hypothesis import given, settings

from tests.naive import metrics as naive

from .strategies import masks
from .synthetic import label_maps, perturbed

cheap = settings(deadline=None, max_examples=40)


def _still(frames, height, width):
    return np.zeros((frames - 1, 2, height, width), np.float32)


@cheap
@given(masks(size=(40, 50), count=3))
def test_equals_naive_without_flow(stack):
    values = flicker(stack)
    reach = 3  # 5 % of the diagonal of 64 pixels
    expected = [naive.translation_flicker(a, b, reach) for a, b in pairwise(stack)]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)


@cheap
@given(masks(count=3))
def test_still_flow_is_plain_overlap(stack):
    values = flicker(stack, _still(*stack.shape))
    expected = [1 - naive.region_similarity(a, b) for a, b in pairwise(stack)]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)
    assert ((flicker(stack) <= values + 1e-12) & (values <= 1)).all()


@cheap
@given(masks(size=(9, 70)))
def test_a_steady_mask_does_not_flicker(mask):
    stack = np.stack([mask] * 3)
    assert flicker(stack).tolist() == [0, 0]
    assert flicker(stack, _still(*stack.shape)).tolist() == [0, 0]


def test_translation_is_compensated_up_to_its_reach():
    stack = np.zeros((3, 100, 100), bool)
    stack[0, 20:40, 20:40] = stack[1, 27:47, 13:33] = stack[2, 47:67, 13:33] = True
    values = flicker(stack)  # moves by (7, -7), then by 20 rows, of which 7 are in reach
    assert values[0] == 0
    assert values[1] == pytest.approx(1 - 7 / 33)


def test_flow_is_compensated_and_the_unknown_left_out():
    stack = np.zeros((2, 10, 10), bool)
    stack[0, 2:5, 0:3] = True
    stack[1, 2:5, 0:6] = True  # came in from the left by three columns
    flow = _still(2, 10, 10)
    flow[0, 1] = -3
    assert flicker(stack, flow).tolist() == [0]
    assert flicker(stack, _still(2, 10, 10)).tolist() == [0.5]


def test_appearing_and_vanishing():
    stack = np.zeros((4, 8, 8), bool)
    stack[2, 1:4, 1:4] = True
    for flows in (None, _still(4, 8, 8)):
        assert flicker(stack, flows).tolist() == [0, 1, 1]


def test_flows_may_come_one_by_one():
    stack = label_maps(0, 4, 20, 30, 1) == 1
    assert flicker(stack, (flow for flow in _still(4, 20, 30))).shape == (3,)


def test_excess_is_zero_for_the_truth_and_positive_for_noise():
    truth = label_maps(2, 8, 60, 90, 1)
    noisy = perturbed(truth, 3)
    assert not excess_flicker(truth, truth).any()
    assert excess_flicker(noisy, truth).mean() > 0.1


def test_bad_input():
    stack = np.zeros((3, 4, 5), bool)
    with pytest.raises(ValueError, match="T, H, W"):
        flicker(stack[0])
    with pytest.raises(ValueError, match="2 flows, got 1"):
        flicker(stack, _still(2, 4, 5))
    with pytest.raises(ValueError, match="got more"):
        flicker(stack, _still(4, 4, 5))
    with pytest.raises(ValueError, match="shape"):
        flicker(stack, _still(3, 5, 4))
    with pytest.raises(ValueError, match="masks of"):
        excess_flicker(stack, stack[1:])
