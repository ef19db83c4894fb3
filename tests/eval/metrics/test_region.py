from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics import region_similarity
from hypothesis import given, settings

from tests.naive import metrics as naive

from .strategies import mask_pairs, masks

cheap = settings(deadline=None, max_examples=60)


@cheap
@given(mask_pairs())
def test_equals_naive_and_is_symmetric(pair):
    truth, prediction = pair
    value = region_similarity(truth, prediction)
    assert value == naive.region_similarity(truth, prediction)
    assert value == region_similarity(prediction, truth)
    assert 0 <= value <= 1


@cheap
@given(masks())
def test_of_itself_is_one(mask):
    assert region_similarity(mask, mask) == 1


def test_empty_conventions():
    empty, some = np.zeros((4, 5)), np.eye(4, 5)
    assert region_similarity(empty, empty) == 1
    assert region_similarity(empty, some) == 0
    assert region_similarity(some, empty) == 0


def test_leading_axes_broadcast():
    rng = np.random.default_rng(0)
    truth, prediction = rng.random((3, 1, 7, 9)) < 0.5, rng.random((4, 7, 9)) < 0.5
    values = region_similarity(truth, prediction)
    assert values.shape == (3, 4)
    assert values[2, 1] == naive.region_similarity(truth[2, 0], prediction[1])


def test_void_pixels_do_not_count():
    truth, prediction = np.zeros((2, 6, 6), bool)
    truth[2:4, 2:4] = prediction[2:4, 2:4] = True
    prediction[:2] = True
    void = np.zeros((6, 6), bool)
    void[:2] = True
    assert region_similarity(truth, prediction) < 1
    assert region_similarity(truth, prediction, void) == 1


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="one size"):
        region_similarity(np.zeros((4, 5)), np.zeros((5, 4)))
    with pytest.raises(ValueError, match="axes"):
        region_similarity(np.zeros(4), np.zeros(4))


@cheap
@given(mask_pairs())
def test_order_of_pixels_does_not_matter(pair):
    truth, prediction = pair
    value = region_similarity(truth, prediction)
    assert region_similarity(truth[::-1, ::-1], prediction[::-1, ::-1]) == value
    assert region_similarity(truth.T, prediction.T) == value
    rows = np.random.default_rng(0).permutation(len(truth))
    assert region_similarity(truth[rows], prediction[rows]) == value
