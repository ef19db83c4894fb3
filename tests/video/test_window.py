"""Windows around tracks: what they hold, how fine they show it, and the way back."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from car_video.video.window import LEAST, SHORTEST, Window, around, leaks, placed, side_for


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


@pytest.mark.parametrize("frame", [(480, 854), (1080, 1920), (854, 480), (64, 96)])
@pytest.mark.parametrize("side", [256, 512, 1024])
def test_the_whole_frame_is_shown_as_wanted(frame: tuple[int, int], side: int) -> None:
    assert side_for(frame, frame, side, 1024) == side


@given(height=st.integers(1, 480), width=st.integers(1, 854), side=st.sampled_from([256, 512]))
def test_a_part_is_shown_with_as_many_pixels(height: int, width: int, side: int) -> None:
    shown = side_for((height, width), (480, 854), side, 1024)
    assert shown % 16 == 0
    assert SHORTEST <= shown <= 1024
    scale = shown / max(height, width)
    half = 8 / max(height, width)  # of the rounding to whole steps
    budget = side**2 * 480 / 854
    assert (scale - half) ** 2 * height * width <= budget * 1.001 or shown == SHORTEST
    assert scale - half <= 1024 / 854 * 1.001 or shown == SHORTEST


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
