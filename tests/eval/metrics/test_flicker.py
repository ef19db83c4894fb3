from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from car_video.eval.metrics import flicker
from hypothesis import given, settings

from tests.naive import metrics as naive

from .strategies import masks
from .synthetic import label_maps, perturbed

cheap = settings(deadline=None, max_examples=40)


@settings(cheap, max_examples=15)
@given(masks(size=(40, 50), count=3))
def test_equals_naive_without_flow(stack):
    values = flicker(stack)
    reach = 3  # 5 % of the diagonal of 64 pixels
    expected = [naive.translation_flicker(a, b, reach) for a, b in pairwise(stack)]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)


@cheap
@given(masks(size=(9, 70)))
def test_a_steady_mask_does_not_flicker(mask):
    stack = np.stack([mask] * 3)
    assert flicker(stack).tolist() == [0, 0]


def test_translation_is_compensated_up_to_its_reach():
    stack = np.zeros((3, 100, 100), bool)
    stack[0, 20:40, 20:40] = stack[1, 27:47, 13:33] = stack[2, 47:67, 13:33] = True
    values = flicker(stack)  # moves by (7, -7), then by 20 rows, of which 7 are in reach
    assert values[0] == 0
    assert values[1] == pytest.approx(1 - 7 / 33)


def test_appearing_and_vanishing():
    stack = np.zeros((4, 8, 8), bool)
    stack[2, 1:4, 1:4] = True
    assert flicker(stack).tolist() == [0, 1, 1]


@cheap
@given(masks(count=3))
def test_at_most_what_the_plain_overlap_says(stack):
    plain = [1 - naive.region_similarity(a, b) for a, b in pairwise(stack)]
    values = flicker(stack)
    assert ((values <= np.array(plain) + 1e-12) & (values >= 0)).all()


def test_noise_flickers_more_than_the_truth():
    truth = label_maps(2, 8, 60, 90, 1)
    assert flicker(perturbed(truth, 3)).mean() > flicker(truth).mean() + 0.1


def test_bad_input():
    with pytest.raises(ValueError, match="T, H, W"):
        flicker(np.zeros((4, 5), bool))
