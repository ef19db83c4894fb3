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
        ({"counts": [6]}, "no entry 'size'"),
        ({"size": "ab", "counts": ""}, "malformed"),
        ({"size": [], "counts": ""}, "malformed"),
        ({"size": [2.5, 3], "counts": [6]}, "malformed"),
        ({"size": [2, 3, 1], "counts": [6]}, "malformed"),
        ({"size": [3, 2], "counts": [6]}, "2x3 for a picture of 3x2"),
        ({"size": [2, 3], "counts": [1, 6]}, "damaged"),
        ({"size": [2, 3], "counts": [1.0, 5.0]}, "damaged"),
        ({"size": [2, 3], "counts": None}, "damaged"),
        ({"size": [10**9, 10**9], "counts": [10**18]}, "for a picture"),
        ("text", "no segmentation"),
        (3, "no segmentation"),
        (True, "no segmentation"),
        ([0.0, 0.0, 2.0, 0.0, 2.0, 1.0], "a flat polygon of 6 numbers"),
        ([0.0, 0.0, 2.0], "a flat polygon of 3 numbers"),
        ([0, 0, 2, 1], "a box of 4 numbers"),
        ([[0, 0, 2, 1]], "polygon 1 has 4 numbers, a box"),
        ([[0, 0, 2, 0, 2, 1], [0, 0, 2, 1]], "polygon 2 has 4 numbers, a box"),
        ([[0, 0, 2, 0, 2, 1], 4], "polygon 2 is 4, no list"),
        ([[]], "0 numbers"),
        ([[0, 0, 2, 0, 2]], "5 numbers"),
        ([[0, 0, 2, 0, 2, 1, 1]], "7 numbers"),
        ([[[0, 0], [2, 0], [2, 1]]], "nested too deep"),
        ([[[0, 0, 2, 0, 2, 1]]], "nested too deep"),
        ([{"size": [2, 3], "counts": [6]}], "no list of numbers"),
        ([["a"] * 6], "no number"),
        ([[None] * 6], "no number"),
        ([[True] * 6], "no number"),
        ([[0.0, 0.0, 1e9, 0.0, 1e9, 1e9]], "far outside"),
        ([[0.0, 0.0, float("nan"), 0.0, 1.0, 1.0]], "far outside"),
    ],
)
def test_bad_segmentations_are_one_line(value, word):
    with pytest.raises(DataError, match=word) as info:
        rle.decode(value, (2, 3), "file.json frame 3")
    assert str(info.value).startswith("file.json frame 3")
    assert "\n" not in str(info.value)
