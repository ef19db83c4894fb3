from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics import boundary_map, contour_accuracy
from car_video.eval.metrics.contour import tolerance_pixels
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import metrics as naive

from .strategies import mask_pairs, masks

cheap = settings(deadline=None, max_examples=60)


@cheap
@given(mask_pairs(), st.sampled_from([0.008, 0.05, 1, 3]))
def test_equals_naive_and_is_symmetric(pair, tolerance):
    truth, prediction = pair
    value = contour_accuracy(truth, prediction, tolerance=tolerance)
    expected = naive.contour_accuracy(truth, prediction, tolerance)
    assert value == pytest.approx(expected, abs=1e-12)
    assert value == contour_accuracy(prediction, truth, tolerance=tolerance)
    assert 0 <= value <= 1


@cheap
@given(masks())
def test_of_itself_is_one(mask):
    assert contour_accuracy(mask, mask) == 1


@cheap
@given(mask_pairs())
def test_grows_with_the_tolerance(pair):
    values = [contour_accuracy(*pair, tolerance=radius) for radius in (1, 2, 5, 200)]
    assert values == sorted(values)


def test_empty_conventions():
    empty, full, some = np.zeros((6, 7)), np.ones((6, 7)), np.eye(6, 7)
    assert contour_accuracy(empty, empty) == 1
    assert contour_accuracy(empty, full) == 1  # neither has a boundary
    assert contour_accuracy(empty, some) == 0
    assert contour_accuracy(some, empty) == 0


def test_one_pixel_has_four_boundary_pixels():
    mask = np.zeros((5, 6), bool)
    mask[2, 3] = True
    assert naive.pixels(boundary_map(mask)) == {(1, 2), (1, 3), (2, 2), (2, 3)}


def test_shift_within_the_tolerance_is_perfect():
    truth = np.zeros((100, 120), bool)
    truth[30:60, 40:80] = True  # tolerance: ceil(0.008 * 156.2) = 2 pixels
    assert contour_accuracy(truth, np.roll(truth, 2, axis=1)) == 1
    assert contour_accuracy(truth, np.roll(truth, 3, axis=1)) < 1


def test_tolerance_of_common_sizes():
    assert tolerance_pixels((480, 854)) == 8
    assert tolerance_pixels((480, 910)) == 9
    assert tolerance_pixels((1080, 1920)) == 18
    assert tolerance_pixels((480, 854), 5) == 5
    with pytest.raises(ValueError, match="positive"):
        tolerance_pixels((480, 854), 0)


def test_void_pixels_count_as_background():
    rng = np.random.default_rng(1)
    truth, prediction = rng.random((2, 20, 30)) < 0.4
    void = rng.random((20, 30)) < 0.2
    assert contour_accuracy(truth, prediction, void) == contour_accuracy(
        truth & ~void, prediction & ~void
    )


def test_leading_axes_broadcast():
    rng = np.random.default_rng(2)
    truth, prediction = rng.random((3, 1, 7, 90)) < 0.1, rng.random((4, 7, 90)) < 0.1
    values = contour_accuracy(truth, prediction)
    assert values.shape == (3, 4)
    assert values[1, 2] == contour_accuracy(truth[1, 0], prediction[2])


@cheap
@given(mask_pairs(), st.integers(0, 5), st.integers(0, 140), st.booleans())
def test_position_in_the_frame_does_not_matter(pair, down, right, transposed):
    height, width = pair[0].shape
    canvas = np.zeros((2, 2, height + 8, width + 150), bool)
    canvas[0, :, 1 : 1 + height, 1 : 1 + width] = pair
    canvas[1, :, 1 + down : 1 + down + height, 1 + right : 1 + right + width] = pair
    if transposed:
        canvas = canvas.swapaxes(-1, -2)
    values = contour_accuracy(canvas[:, 0], canvas[:, 1], tolerance=2)
    assert values[0] == values[1]
