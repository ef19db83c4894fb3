"""Sizes, and pictures as the network wants them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.segment.panoptic.preparation import (
    as_pixels,
    padded_pixels,
    resize_picture,
    sizes_for,
)

ADE, CITY = (800, 1333), (1024, 2560)


@pytest.mark.parametrize(
    ("picture", "sides", "resized"),
    [
        ((512, 683), ADE, (800, 1067)),
        ((375, 500), ADE, (800, 1067)),
        ((480, 640), ADE, (800, 1067)),
        ((400, 1200), ADE, (444, 1333)),
        ((2448, 3264), CITY, (1024, 1365)),
        ((1024, 2048), CITY, (1024, 2048)),
        ((683, 512), ADE, (1067, 800)),
        ((1, 5000), ADE, (1, 1333)),
    ],
)
def test_sizes_are_those_of_the_released_evaluation(
    picture: tuple[int, int], sides: tuple[int, int], resized: tuple[int, int]
) -> None:
    assert sizes_for(*picture, *sides).resized == resized


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000))
def test_padding_is_less_than_one_cell(height: int, width: int) -> None:
    sizes = sizes_for(height, width, *ADE)
    assert sizes.output == (height, width)
    for resized, padded in zip(sizes.resized, sizes.padded, strict=True):
        assert 0 <= padded - resized < 32
        assert padded % 32 == 0
    assert max(sizes.resized) <= 1333


def test_resizing_is_antialiased_and_leaves_grey_levels() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (8, 8))[..., None].repeat(3, 2)
    small = resize_picture(stripes, (8, 4))
    assert small.dtype == np.uint8
    assert 100 < int(small[0, 1, 0]) < 155
    assert resize_picture(stripes, (8, 16)) is stripes


def test_padding_is_nought_to_the_right_and_below() -> None:
    image = np.full((3, 5, 3), 255, np.uint8)
    image.flags.writeable = False
    pixels = padded_pixels(as_pixels(image), (32, 64))
    assert pixels.shape == (1, 3, 32, 64)
    assert bool((pixels[..., :3, :5] == 1).all())
    assert float(pixels.sum()) == 3 * 3 * 5
    assert pixels.dtype == torch.float32
