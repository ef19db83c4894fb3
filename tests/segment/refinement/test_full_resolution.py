"""Borders of masks at full resolution, against the filter over the whole picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, gaussian_filter

from car_video.segment.refinement import full_resolution
from car_video.segment.refinement.full_resolution import cell_pixels, sharpened
from tests.naive.full_resolution import filtered, without_specks

CELL = 6
SIZE = (150, 203)  # not whole cells


def disc(y: float, x: float, radius: float, size: tuple[int, int] = SIZE) -> np.ndarray:
    rows, columns = np.indices(size)
    return (rows - y) ** 2 + (columns - x) ** 2 < radius**2


def picture_of(*things: np.ndarray, noise: float = 4.0, seed: int = 0) -> np.ndarray:
    """Things of a colour each before a smooth ground, with noise."""
    rng = np.random.default_rng(seed)
    size = things[0].shape
    ground = gaussian_filter(rng.normal(size=(*size, 3)), (9, 9, 0))
    picture = 110 + 25 * ground / ground.std()
    for number, thing in enumerate(things):
        picture[thing] = [(220, 60, 50), (40, 200, 80)][number]
    return np.clip(picture + noise * rng.normal(size=picture.shape), 0, 255).astype(np.uint8)


def in_cells(mask: np.ndarray, cell: int = CELL) -> np.ndarray:
    """As a mask that is no finer than cells."""
    size = mask.shape
    coarse = np.zeros(size, bool)
    for y in range(0, size[0], cell):
        for x in range(0, size[1], cell):
            coarse[y : y + cell, x : x + cell] = mask[y : y + cell, x : x + cell].mean() > 0.5
    return coarse


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return (one & other).sum() / (one | other).sum()


@settings(max_examples=20, deadline=None)
@given(st.integers(-10, 160), st.integers(-10, 213), st.integers(18, 60), st.integers(0, 99))
def test_windows_and_blocks_change_nothing(y: int, x: int, radius: int, seed: int) -> None:
    thing = disc(y, x, radius)
    image = picture_of(thing, seed=seed)
    mask = in_cells(thing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_resolution, "_without_specks", lambda drawn, mask, least: drawn)
        found = sharpened(mask[None], image, CELL)[0]
    value, near = filtered(mask, image, CELL)
    expected = np.where(near, value > 0.5, mask)
    if mask.any():
        same = iou(expected, mask)
        assume(abs(same - full_resolution.SAME_IOU) > 0.01)
        expected = expected if same > full_resolution.SAME_IOU else mask
    sure = ~near | (np.abs(value - 0.5) > 0.01)  # a grey level of a cell is rounded
    assert (found == expected)[sure].all()


def test_blocks_may_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    thing = disc(70, 90, 55)
    image, mask = picture_of(thing), in_cells(thing)[None]
    together = sharpened(mask, image, CELL)
    monkeypatch.setattr(full_resolution, "AT_ONCE", 1)
    assert (sharpened(mask, image, CELL) == together).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 14), st.integers(1, 14), st.integers(1, 12), st.integers(0, 999))
def test_specks_go(rows: int, columns: int, least: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((rows, columns)) < rng.random()
    drawn = mask ^ (rng.random((rows, columns)) < rng.random())
    found = full_resolution._without_specks(drawn, mask, least)
    assert (found == without_specks(drawn, mask, least)).all()


def test_letters_near_the_border_are_part_of_the_thing() -> None:
    thing = disc(75, 100, 50)
    image = picture_of(thing)
    image[70:73, 55:58] = 110
    found = sharpened(in_cells(thing)[None], image, CELL)[0]
    assert thing[70:73, 55:58].all()
    assert found[70:73, 55:58].all()


@pytest.mark.parametrize("place", [(75, 100), (0, 0), (149, 202), (75, 0), (0, 100)])
def test_the_edge_of_the_picture_is_found(place: tuple[int, int]) -> None:
    thing = disc(*place, 50)
    mask = in_cells(thing)
    found = sharpened(mask[None], picture_of(thing), CELL)[0]
    assert iou(mask, thing) < 0.96
    assert iou(found, thing) > 0.99


def test_pixels_change_near_the_border_only() -> None:
    thing = disc(75, 100, 50)
    image = picture_of(thing)
    image[70:80, 95:105] = 110  # looks like what is around
    image[5:12, 5:12] = (220, 60, 50)  # looks like the thing
    mask = in_cells(thing)
    changed = sharpened(mask[None], image, CELL)[0] ^ mask
    border = binary_dilation(mask) & ~mask
    reach = CELL * (full_resolution.REACH + 1)
    assert changed.any()
    assert not (changed & ~binary_dilation(border, np.ones((3, 3)), reach)).any()


def test_a_mask_that_disagrees_with_the_edges_stays() -> None:
    stripes = np.zeros(SIZE, bool)
    stripes[:, ::4] = stripes[:, 1::4] = True
    mask = disc(75, 100, 9)  # all of it is near its border
    image = picture_of(stripes)
    found = sharpened(mask[None], image, CELL)[0]
    value, near = filtered(mask, image, CELL)
    assert iou(np.where(near, value > 0.5, mask), mask) < full_resolution.SAME_IOU
    assert (found == mask).all()


def test_nothing_stays_nothing_and_all_stays_all() -> None:
    image = picture_of(disc(75, 100, 50))
    masks = np.stack([np.zeros(SIZE, bool), np.ones(SIZE, bool)])
    assert (sharpened(masks, image, CELL) == masks).all()
    assert sharpened(masks[:0], image, CELL).shape == (0, *SIZE)


@settings(max_examples=20, deadline=None)
@given(st.integers(60, 140), st.integers(20, 60), st.integers(0, 99))
def test_masks_that_share_no_pixel_still_share_none(x: int, radius: int, seed: int) -> None:
    one, other = disc(75, 60, 40), disc(75, x, radius)
    masks = np.stack([in_cells(one) & ~in_cells(other), in_cells(other)])
    # A picture of neither: borders move anywhere, those of both masks by different cells.
    image = picture_of(disc(70, 80, 45), seed=seed)
    found = sharpened(masks, image, CELL)
    assert not found.all(0).any()
    assert (found.any((1, 2)) == masks.any((1, 2))).all()


def test_masks_of_one_thing_stay_masks_of_one_thing() -> None:
    thing = disc(75, 100, 50)
    mask = in_cells(thing)
    both = sharpened(np.stack([mask, mask]), picture_of(thing), CELL)
    assert (both[0] == both[1]).all()
    assert iou(both[0], thing) > 0.99


def test_of_two_things_side_by_side_each_gets_its_own() -> None:
    one, other = disc(75, 60, 45), disc(75, 140, 45)
    one &= np.indices(SIZE)[1] < 100
    other &= ~one
    masks = np.stack([in_cells(one), in_cells(other)])
    masks[1] &= ~masks[0]
    found = sharpened(masks, picture_of(one, other), CELL)
    assert not found.all(0).any()
    assert min(iou(found[0], one), iou(found[1], other)) > 0.98


@pytest.mark.parametrize(
    ("size", "cell"), [((480, 854), 0), ((1024, 768), 0), ((1080, 1920), 8), ((2160, 3840), 15)]
)
def test_cells_are_those_of_sam(size: tuple[int, int], cell: int) -> None:
    assert cell_pixels(*size) == cell


def test_small_pictures_keep_their_masks() -> None:
    masks = disc(75, 100, 50)[None]
    assert sharpened(masks, picture_of(masks[0])) is masks
