from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.data import rle
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from car_video.errors import DataError

MASKS = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda s: arrays(bool, s))


@settings(deadline=None, max_examples=60)
@given(MASKS)
def test_round_trip(mask):
    code = rle.encode(mask)
    np.testing.assert_array_equal(rle.decode(code, mask.shape, "x"), mask)


@settings(deadline=None, max_examples=60)
@given(MASKS)
def test_uncompressed_runs(mask):
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    runs = np.diff([0, *edges, flat.size]).tolist()
    runs = [0, *runs] if flat[0] else runs
    code = {"size": list(mask.shape), "counts": runs}
    np.testing.assert_array_equal(rle.decode(code, mask.shape, "x"), mask)


def test_none_polygons_and_empty_lists():
    assert not rle.decode(None, (4, 5), "x").any()
    assert not rle.decode([], (4, 5), "x").any()
    square = rle.decode([[1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0]], (4, 5), "x")
    assert square.sum() == 6


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"size": [2, 2], "counts": [1, 3]}, "2x2 for a picture of 3x2"),
        ({"size": [2, 3], "counts": [1, 3]}, "damaged"),
        ({"size": [2, 3], "counts": [-1, 7]}, "damaged"),
        ({"size": [2, 3], "counts": "~~~"}, "damaged"),
        ({"size": [2, 3]}, "malformed"),
        ({"size": "ab", "counts": ""}, "malformed"),
        ({"size": [], "counts": ""}, "malformed"),
        ({"size": [10**9, 10**9], "counts": [10**18]}, "for a picture"),
        ("text", "no segmentation"),
        (3, "no segmentation"),
        ([["a"] * 6], "malformed"),
        ([[0.0, 0.0, 1e9, 0.0, 1e9, 1e9]], "far outside"),
        ([[0.0, 0.0, float("nan"), 0.0, 1.0, 1.0]], "far outside"),
    ],
)
def test_bad_segmentations_are_one_line(value, word):
    with pytest.raises(DataError, match=word) as info:
        rle.decode(value, (2, 3), "file.json frame 3")
    assert str(info.value).startswith("file.json frame 3")
    assert "\n" not in str(info.value)
