"""Sizes on the way from a frame to a network and back."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.segment import resizing
from car_video.segment.resizing import cell_size, enlarge, to_cells, to_pixels

CPU = torch.device("cpu")
SIDES = st.one_of(st.integers(1, 40), st.integers(1, 10_000))


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (33, 17), (1, 200), (200, 1)])
def test_small_pictures_keep_every_pixel(size: tuple[int, int]) -> None:
    image = noise(*size)
    pixels = to_pixels(image, CPU, 200)
    assert pixels.shape == (1, 3, *size)
    assert pixels.dtype == torch.float32
    np.testing.assert_allclose(pixels[0].permute(1, 2, 0).numpy(), image / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4320, 7680), (1080, 1920)),
        ((1921, 1081), (1920, 1080)),
        ((1920, 1080), (1920, 1080)),
        ((1, 5000), (1, 1920)),
        ((5000, 1), (1920, 1)),
    ],
)
def test_large_pictures_shrink(size: tuple[int, int], expected: tuple[int, int]) -> None:
    image = np.full((*size, 3), (255, 0, 51), np.uint8)
    pixels = to_pixels(image, CPU, 1920)
    assert pixels.shape == (1, 3, *expected)
    flat = torch.tensor([1.0, 0.0, 0.2])[None, :, None, None].expand_as(pixels)
    torch.testing.assert_close(pixels, flat, atol=1e-5, rtol=0)


def test_shrinking_averages_what_it_drops() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 3::8] = image[:, 4::8] = 255  # where a picture of 8 x 8 has its samples
    for small in (to_pixels(image, CPU, 8), to_cells(to_pixels(image, CPU), 8, 1)):
        assert small.shape == (1, 3, 8, 8)
        assert 0.2 < small[..., 2:-2].min() <= small[..., 2:-2].max() < 0.5


def test_views_and_pictures_that_may_not_be_written_to() -> None:
    image = noise(20, 30)
    locked = image.copy()
    locked.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = to_pixels(locked, CPU)
        flipped = to_pixels(image[::-1, ::-2], CPU)
    assert torch.equal(same, to_pixels(image, CPU))
    assert torch.equal(flipped, same.flip(2, 3)[..., ::2])


def test_the_picture_itself_is_left_alone() -> None:
    image = noise(9, 9)
    before = image.copy()
    to_pixels(image, CPU).mul_(0)
    np.testing.assert_array_equal(image, before)


@settings(max_examples=200, deadline=None)
@given(
    height=SIDES,
    width=SIDES,
    longest=st.integers(16, 8192),
    stride=st.sampled_from([8, 14, 16, 32]),
)
def test_a_network_sees_whole_cells(height: int, width: int, longest: int, stride: int) -> None:
    size = cell_size(height, width, longest, stride)
    assert all(side % stride == 0 and side >= 2 * stride for side in size)
    assert max(size) <= max(longest + stride / 2, 2 * stride)
    assert max(size) >= longest - stride / 2
    for side, given_side in zip(size, (height, width), strict=True):
        wanted = given_side * longest / max(height, width)
        assert abs(side - wanted) <= stride / 2 or side == 2 * stride
    assert size[::-1] == cell_size(width, height, longest, stride)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (37, 53), (300, 20)])
def test_to_cells(size: tuple[int, int]) -> None:
    cells = to_cells(torch.full((1, 3, *size), 0.25), 64, 16)
    assert tuple(cells.shape[-2:]) == cell_size(*size, 64, 16)
    torch.testing.assert_close(cells, torch.full_like(cells, 0.25))


def test_a_picture_of_the_right_size_is_not_copied() -> None:
    pixels = torch.rand(1, 3, 48, 64)
    assert to_cells(pixels, 64, 16) is pixels


def test_enlarge_keeps_corners_and_range() -> None:
    maps = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]])
    large = enlarge(maps, (31, 47))
    assert large.shape == (1, 31, 47)
    assert large.min() == 0
    assert large.max() == 1
    corners = large[0][[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.tolist() == [0, 1, 1, 0]
    assert enlarge(maps[:0], (3, 5)).shape == (0, 3, 5)


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(0, 7),
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    block=st.integers(1, 2000),
    seed=st.integers(0, 1000),
)
def test_masks_enlarged_a_few_at_a_time_are_those_enlarged_together(
    count: int, size: tuple[int, int], block: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(count, 6, 9, generator=generator) > 0.5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resizing, "MAX_VALUES", block)
        step = resizing.maps_at_once(count, size[0] * size[1])
        assert 1 <= step <= max(1, count)
        assert step == 1 or step * size[0] * size[1] <= block
        found = resizing.enlarge_masks(masks, size)
    assert (found.dtype, found.shape) == (np.bool_, (count, *size))
    np.testing.assert_array_equal(found, (enlarge(masks.float(), size) > 0.5).numpy())


def test_masks_of_the_right_size_are_left_alone() -> None:
    masks = torch.rand(3, 4, 5) > 0.5
    np.testing.assert_array_equal(resizing.enlarge_masks(masks, (4, 5)), masks.numpy())
