"""Windows around tracks: what they hold, how fine they show it, and the way back."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from car_video.video.tracking.search_window import (
    ENOUGH,
    LEAST,
    UNIT,
    Window,
    around,
    fitted,
    leaks,
    placed,
    shape_for,
)


def masks(*boxes: tuple[int, int, int, int], grid: tuple[int, int] = (36, 64)) -> torch.Tensor:
    """One mask for each top, bottom, left, right."""
    made = torch.zeros(len(boxes), *grid, dtype=torch.bool)
    for mask, (top, bottom, left, right) in zip(made, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return made


@given(
    top=st.integers(0, 35), height=st.integers(1, 36), left=st.integers(0, 63),
    width=st.integers(1, 64),
)  # fmt: skip
def test_a_window_holds_its_mask_and_some_more(
    top: int, height: int, left: int, width: int
) -> None:
    bottom, right = min(36, top + height), min(64, left + width)
    window = around(masks((top, bottom, left, right)))
    for (first, end), (low, high), cells in (
        (window.rows, (top, bottom), 36),
        (window.columns, (left, right), 64),
    ):
        assert 0 <= first <= low < high <= end <= cells
        assert first < low or first == 0
        assert end > high or end == cells
        # Half of it may be cut off by the border of the picture.
        assert end - first >= min(cells, LEAST * 64) / 2


def test_a_window_holds_all_masks() -> None:
    window = around(masks((2, 6, 3, 9), (20, 30, 40, 50)))
    assert window.rows[0] < 2
    assert window.rows[1] > 30
    assert window.columns[0] < 3
    assert window.columns[1] > 50


def test_pixels_of_a_window() -> None:
    window = Window((9, 18), (16, 64), (36, 64))
    assert window.on((480, 854)) == (slice(120, 240), slice(214, 854))
    assert Window((0, 1), (0, 1), (36, 64)).on((3, 3)) == (slice(0, 1), slice(0, 1))


def test_extent_of_a_window() -> None:
    assert Window((9, 18), (16, 64), (36, 64)).extent((480, 854)) == (120, 640)


FRAMES = st.sampled_from([(480, 854), (1080, 1920), (854, 480), (64, 96), (500, 500)])


@given(frame=FRAMES, part=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
       side=st.sampled_from([64, 192, 256, 448, 512, 1024]))  # fmt: skip
def test_the_shape_is_the_cheapest_that_is_fine_enough(
    frame: tuple[int, int], part: tuple[float, float], side: int
) -> None:
    height, width = (max(1, round(p * f)) for p, f in zip(part, frame, strict=True))
    shape = shape_for((height, width), frame, side, 1024)
    budget = side**2 * min(frame) / max(frame)
    units = max(1, round(budget / UNIT**2))
    scale = {
        (UNIT * rows, UNIT * columns): min(UNIT * rows / height, UNIT * columns / width)
        for rows in range(1, units + 1)
        for columns in range(1, units + 1)
        if rows * columns <= units
    }
    wanted = ENOUGH * min(max(scale.values()), 1024 / max(frame))
    assert scale[shape] >= wanted
    for other, seen in scale.items():
        assert seen < wanted or other[0] * other[1] >= shape[0] * shape[1]


def test_a_stream_has_few_shapes() -> None:
    shapes = {
        shape_for((height, width), (480, 854), 448, 1024)
        for height in range(8, 481, 8)
        for width in range(8, 855, 8)
    }
    assert len(shapes) <= 23  # multiples of the unit with at most nine squares


@given(top=st.integers(0, 35), height=st.integers(1, 36), left=st.integers(0, 63),
       width=st.integers(1, 64), frame=FRAMES,
       shape=st.tuples(st.integers(1, 5), st.integers(1, 5)))  # fmt: skip
def test_a_window_takes_in_what_its_shape_has_room_for(
    top: int, height: int, left: int, width: int, frame: tuple[int, int], shape: tuple[int, int]
) -> None:
    window = Window((top, min(36, top + height)), (left, min(64, left + width)), (36, 64))
    wanted = (UNIT * shape[0], UNIT * shape[1])
    grown = fitted(window, frame, wanted)
    before, after = window.extent(frame), grown.extent(frame)
    scale = min(wanted[0] / before[0], wanted[1] / before[1])
    for old, new, cells, pixels, side, extent in zip(
        (window.rows, window.columns), (grown.rows, grown.columns), (36, 64), frame, wanted,
        after, strict=True,
    ):  # fmt: skip
        assert 0 <= new[0] <= old[0] < old[1] <= new[1] <= cells
        cell = pixels / cells
        # As shown before, it fits, but for the rounding of its ends to pixels and of one cell.
        assert extent * scale <= side + scale * (1 + cell)
        full = new == (0, cells)
        assert full or extent * scale >= side - scale * (2 + 2 * cell)


def test_logits_come_back_to_their_place() -> None:
    window = Window((9, 27), (16, 48), (36, 64))
    small = torch.randn(2, 3, 18, 32)
    whole = placed(small, window, -10.0)
    assert torch.equal(whole[..., 9:27, 16:48], small)
    whole[..., 9:27, 16:48] = -10.0
    assert bool((whole == -10.0).all())
    large = torch.full((1, 1, 36, 64), 3.0)
    assert bool((placed(large, window, -10.0)[..., 9:27, 16:48] == 3.0).all())


def test_masks_that_go_on_beyond_a_window() -> None:
    corner, inner = Window((0, 18), (0, 32), (36, 64)), Window((9, 27), (16, 48), (36, 64))
    everything = torch.full((1, 1, 18, 32), 3.0)
    hole = -everything
    hole[..., 4:14, 8:24] = 3.0
    top = -everything
    top[..., :2, :] = 3.0
    answers = torch.cat([everything, hole, top], 1)
    assert leaks(answers, inner).tolist() == [[True, False, True]]
    # Above the corner there is no picture: a mask may well end there.
    assert leaks(answers, corner).tolist() == [[True, False, False]]
    whole = Window((0, 18), (0, 32), (18, 32))
    assert not leaks(answers, whole).any()
