from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics import bitmasks
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from tests.naive import metrics as naive

from .strategies import masks

cheap = settings(deadline=None, max_examples=60)


@cheap
@given(masks())
def test_unpack_undoes_pack(mask):
    packed = bitmasks.pack(mask)
    assert packed.dtype == np.uint64
    assert packed.shape == (mask.shape[0], -(-mask.shape[1] // 64))
    np.testing.assert_array_equal(bitmasks.unpack(packed, mask.shape[1]), mask)


def test_column_is_bit():
    mask = np.zeros((1, 130), bool)
    mask[0, [0, 63, 64, 129]] = True
    assert bitmasks.pack(mask).tolist() == [[1 | 1 << 63, 1, 2]]


@cheap
@given(masks(count=3))
def test_count(stack):
    assert bitmasks.count(bitmasks.pack(stack)).tolist() == stack.sum(axis=(1, 2)).tolist()


def test_count_without_numpy_2(monkeypatch):
    stack = np.random.default_rng(0).random((4, 9, 100)) < 0.3
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert bitmasks.count(bitmasks.pack(stack)).tolist() == stack.sum(axis=(1, 2)).tolist()


@cheap
@given(masks())
def test_boundary_equals_naive(mask):
    width = mask.shape[1]
    ours = bitmasks.unpack(bitmasks.boundary(bitmasks.pack(mask), width), width)
    assert naive.pixels(ours) == naive.boundary(mask)


@cheap
@given(masks(), st.integers(0, 20))
def test_dilate_equals_dilation_by_a_disk(mask, radius):
    offsets = np.arange(-radius, radius + 1)
    disk = offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2
    ours = bitmasks.unpack(bitmasks.dilate(bitmasks.pack(mask), radius), mask.shape[1])
    np.testing.assert_array_equal(ours, ndimage.binary_dilation(mask, disk))


def test_dilate_reaches_over_many_words():
    mask = np.zeros((3, 400), bool)
    mask[1, 200] = True
    ours = bitmasks.unpack(bitmasks.dilate(bitmasks.pack(mask), 150), 400)
    assert np.flatnonzero(ours[1]).tolist() == list(range(50, 351))


@cheap
@given(masks(size=(12, 200), count=2))
def test_boundaries_of_the_content_are_all_boundaries(stack):
    packed = bitmasks.pack(stack)
    rows, words = bitmasks.content_box(packed)
    part = bitmasks.boundary(packed[:, rows, words], 200 - 64 * words.start)
    whole = bitmasks.boundary(packed, 200)
    np.testing.assert_array_equal(part, whole[:, rows, words])
    assert bitmasks.count(part).tolist() == bitmasks.count(whole).tolist()


def test_content_box_of_nothing_is_not_empty():
    rows, words = bitmasks.content_box(np.zeros((2, 5, 3), np.uint64))
    assert (rows, words) == (slice(0, 1), slice(0, 1))


@pytest.mark.parametrize("width", [63, 64, 65, 128])
def test_full_mask_has_no_boundary(width):
    packed = bitmasks.pack(np.ones((5, width), bool))
    assert bitmasks.count(bitmasks.boundary(packed, width)) == 0
