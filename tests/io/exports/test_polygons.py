from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from pycocotools import mask as coco

from car_video.io.exports.polygons import border_pixels, outline, rings
from tests.io.exports.runs import masks_of

MASKS = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(np.any)


def filled(path: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """bool [H, W]: pixels whose middle is inside, by the even-odd rule, with nothing else."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = np.zeros(shape, bool)
    for (x1, y1), (x2, y2) in zip(path, np.roll(path, -1, axis=0), strict=True):
        if y1 != y2:
            crosses = (np.minimum(y1, y2) < y) & (y < np.maximum(y1, y2))
            inside ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return inside


@settings(max_examples=50, deadline=None)
@given(MASKS)
def test_the_inside_of_the_outline_is_the_mask(mask):
    np.testing.assert_array_equal(filled(outline(mask), mask.shape), mask)


@settings(max_examples=50, deadline=None)
@given(MASKS)
def test_rings_are_all_edges_once(mask):
    around = np.pad(mask, 1)
    edges = (around[1:] != around[:-1]).sum() + (around[:, 1:] != around[:, :-1]).sum()
    assert sum(len(ring) for ring in rings(mask)) == edges


@settings(max_examples=50, deadline=None)
@given(MASKS)
def test_border_pixels_are_of_the_mask(mask):
    points = border_pixels(mask)
    assert mask[points[:, 1], points[:, 0]].all()


def test_simple_shapes():
    square = np.zeros((6, 6), bool)
    square[1:4, 2:5] = True
    assert sorted(map(tuple, outline(square).tolist())) == [(2, 1), (2, 4), (5, 1), (5, 4)]
    pixels = border_pixels(square).tolist()
    assert sorted(map(tuple, pixels)) == [(2, 1), (2, 3), (4, 1), (4, 3)]
    single = np.zeros((3, 3), bool)
    single[1, 1] = True
    assert border_pixels(single).tolist() == [[1, 1]]


@pytest.mark.parametrize("index", range(5))
def test_pycocotools_fills_the_outline(index):
    for mask in masks_of(index):
        if mask.any():
            path = outline(mask).ravel().astype(float).tolist()
            found = coco.decode(coco.merge(coco.frPyObjects([path], *mask.shape)))
            # its lines of no width between parts are kept off by the five-fold grid
            assert (found.astype(bool) != mask).mean() < 0.01


@pytest.mark.parametrize("index", range(5))
def test_pillow_fills_the_border_pixels_of_one_part(index):
    mask = masks_of(index)[0]  # with a hole
    image = Image.new("L", mask.shape[::-1])
    path = [tuple(point) for point in border_pixels(mask).tolist()]
    ImageDraw.Draw(image).polygon(path, fill=1, outline=1)
    np.testing.assert_array_equal(np.asarray(image).astype(bool), mask)
