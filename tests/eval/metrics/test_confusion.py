from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics import ConfusionMatrix
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from car_video.errors import DataError
from tests.naive import metrics as naive

labels = st.sampled_from([0, 1, 2, 3])
shape = (3, 5)
images = st.lists(
    st.tuples(
        arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 3, 255])),
        arrays(np.uint8, shape, elements=labels),
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=60)
@given(images, st.sampled_from(["count", "unlabelled", "drop"]))
def test_equals_naive_and_merges(pairs, background):
    whole = ConfusionMatrix(4)
    parts = [ConfusionMatrix(4), ConfusionMatrix(4)]
    for index, (truth, prediction) in enumerate(pairs):
        whole.update(truth, prediction)
        parts[index % 2].update(truth, prediction)
    parts[0] += parts[1]
    np.testing.assert_array_equal(parts[0].counts, whole.counts)
    expected = naive.confusion_iou(*zip(*pairs, strict=True), 4, background=background)
    assert whole.mean_iou(background) == pytest.approx(expected, nan_ok=True)


def test_backgrounds_by_hand():
    matrix = ConfusionMatrix(3)
    truth = np.array([[0, 0, 1, 1, 2, 2, 255]])
    prediction = np.array([[0, 1, 1, 0, 2, 1, 2]])
    matrix.update(truth, prediction)
    np.testing.assert_allclose(matrix.class_iou(), [1 / 3, 1 / 4, 1 / 2])
    np.testing.assert_allclose(matrix.class_iou("unlabelled"), [np.nan, 1 / 3, 1 / 2])
    np.testing.assert_allclose(matrix.class_iou("drop"), [np.nan, 1 / 2, 1 / 2])
    assert matrix.pixel_accuracy() == 0.5


def test_class_that_is_only_predicted_is_left_out():
    matrix = ConfusionMatrix(3, ignore=None)
    matrix.update(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1]))
    assert matrix.mean_iou() == pytest.approx((0.5 + 1) / 2)


def test_nothing_counted():
    matrix = ConfusionMatrix(2)
    matrix.update(np.full((2, 2), 255), np.zeros((2, 2), int))
    assert np.isnan(matrix.mean_iou())
    assert np.isnan(matrix.pixel_accuracy())


def test_bad_input():
    matrix = ConfusionMatrix(2)
    with pytest.raises(DataError, match="size"):
        matrix.update(np.zeros((2, 2), int), np.zeros((2, 3), int))
    with pytest.raises(DataError, match="prediction has labels 0 to 2"):
        matrix.update(np.zeros((1, 2), int), np.array([[0, 2]]))
    with pytest.raises(DataError, match="annotation has labels 0 to 7"):
        matrix.update(np.array([[0, 7]]), np.zeros((1, 2), int))
    with pytest.raises(ValueError, match="background"):
        matrix.class_iou("keep")
    with pytest.raises(ValueError, match="add up"):
        matrix += ConfusionMatrix(3)
    with pytest.raises(ValueError, match="at least one"):
        ConfusionMatrix(0)
    assert matrix.counts.sum() == 0
