"""What moves by itself: the camera's motion, recent thumbnails, and the evidence of motion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from car_video.errors import ConfigError
from car_video.segment.cues.mask_cues import MaskCues
from car_video.video.tracking.frames import LanguageFrame
from car_video.video.tracking.own_motion import (
    BASELINE,
    RecentThumbnails,
    beside_camera,
    log_odds,
    moves_more,
    probability_of_target,
    with_motion,
)
from tests.video.colour_sam import ColourSam

SIZE = (72, 128)
LEFT, RIGHT = (slice(24, 48), slice(16, 40)), (slice(24, 48), slice(84, 108))
CELLS = (9, 16)


def numbered(number: int, size: tuple[int, int] = (2, 3)) -> NDArray[np.uint8]:
    return np.full((*size, 3), number % 256, np.uint8)


@given(fps=st.floats(1, 240), frames=st.integers(1, 60))
@settings(deadline=None)
def test_the_picture_of_a_moment_ago_at_any_frame_rate(fps: float, frames: int) -> None:
    recent = RecentThumbnails()
    for number in range(frames):
        found = recent.step(numbered(number), 1 / fps)
        assert len(recent.kept) <= 6
        if found is None:
            assert number / fps < BASELINE + BASELINE / 4 or 1 / fps > 2 * BASELINE
            continue
        age = (number - int(found[0, 0, 0])) / fps
        assert BASELINE - 0.01 <= age <= 2 * BASELINE + 0.01


@pytest.mark.parametrize(("fps", "back"), [(6, 1), (12, 2), (24, 4), (3, 1)])
def test_whole_numbers_of_frames(fps: int, back: int) -> None:
    recent = RecentThumbnails()
    for number in range(30):
        found = recent.step(numbered(number), 1 / fps)
        assert (found is None) == (number < back)
        if found is not None:
            assert int(found[0, 0, 0]) == number - back


def test_a_pause_or_another_size_tells_nothing() -> None:
    recent = RecentThumbnails()
    recent.step(numbered(0), 1 / 6)
    assert recent.step(numbered(1), 10.0) is None
    assert recent.step(numbered(2), 1 / 6) is not None
    assert recent.step(numbered(3, (4, 3)), 1 / 6) is None


def test_recent_thumbnails_go_on_from_their_state() -> None:
    one, other = RecentThumbnails(), RecentThumbnails()
    other.load_state_dict(one.state_dict())
    assert other.kept == []
    for number in range(7):
        one.step(numbered(number), 1 / 24)
    other.load_state_dict(one.state_dict())
    for number in range(7, 12):
        expected, found = (each.step(numbered(number), 1 / 24) for each in (one, other))
        assert expected is not None
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ConfigError):
        other.load_state_dict({"ages": torch.zeros(2, dtype=torch.float64)})
    for age in (float("nan"), -1.0):
        damaged = {**one.state_dict(), "ages": torch.full_like(one.state_dict()["ages"], age)}
        with pytest.raises(ConfigError, match="damaged"):
            other.load_state_dict(damaged)


def test_a_zooming_and_turning_camera_moves_nothing_by_itself() -> None:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    flow = np.stack([3 + 0.02 * rows - 0.03 * columns, -5 + 0.03 * rows + 0.02 * columns])
    np.testing.assert_allclose(beside_camera(flow), 0, atol=1e-3)
    flow[:, LEFT[0], LEFT[1]] += np.array([3.0, -4.0])[:, None, None]
    found = beside_camera(flow)
    inside = np.zeros(SIZE, bool)
    inside[LEFT] = True
    np.testing.assert_allclose(found[inside], 5, atol=1e-3)
    np.testing.assert_allclose(found[~inside], 0, atol=1e-3)


def test_a_thing_of_a_third_of_the_picture_is_none_of_the_camera() -> None:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    flow = np.stack([0.05 * rows - 0.05 * columns, 0.05 * rows + 0.05 * columns])
    flow[:, 10:60, 10:80] += np.array([5.0, 0.0])[:, None, None]
    found = beside_camera(flow)
    assert np.median(found[10:60, 10:80]) == pytest.approx(5, abs=0.2)
    assert np.median(found[:, 90:]) < 0.2


def test_motion_is_counted_in_that_of_the_picture() -> None:
    residual = np.array([[0.0, 1.0, 1.0, 1.0, 4.0]], np.float32)
    expected = [0, 0, 0, 0, np.log(4.5 / 1.5)]
    np.testing.assert_allclose(moves_more(residual)[0], expected, rtol=1e-6)
    assert not moves_more(np.zeros(SIZE, np.float32)).any()


def test_where_the_camera_is_not_found_nothing_is_told() -> None:
    more = np.array([0.0, 1.0, 2.0], np.float32)
    np.testing.assert_allclose(log_odds(more, 0.0, 3.0, -2.0, 2.5), [-2, 1, 4])
    np.testing.assert_allclose(
        log_odds(more, 2.5, 3.0, -2.0, 2.5), [-2 / np.e, 1 / np.e, 4 / np.e]
    )
    assert np.abs(log_odds(more, 50.0, 3.0, -2.0, 2.5)).max() < 1e-6


@pytest.fixture(scope="module")
def pictures() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two equal things before a ground that the camera moves; the left one moves by itself."""
    noise = np.random.default_rng(0).random((3, *SIZE, 3))
    ground, thing, _ = (ndimage.gaussian_filter(one, (1.5, 1.5, 0)) for one in noise)
    ground, thing = (
        ((one - one.min()) / np.ptp(one) * 255).astype(np.uint8) for one in (ground, thing)
    )
    patch = thing[:24, :24]
    before, now = ground.copy(), np.roll(ground, 2, 1)
    before[LEFT], before[RIGHT] = patch, patch
    now[LEFT[0], 22:46], now[RIGHT[0], 86:110] = patch, patch
    return before, now


def frame(now: NDArray[np.uint8], maps: Tensor, moving: Tensor | None) -> LanguageFrame:
    pixels = torch.from_numpy(now).permute(2, 0, 1)[None].float() / 255
    cues = MaskCues(torch.ones(len(maps), dtype=torch.bool), moving=moving)
    return LanguageFrame(
        now,
        ColourSam().encode(pixels, 4 * SIZE[1]),
        SIZE,
        maps=maps,
        evidence=maps * 0.6,
        alive=torch.arange(len(maps)),
        cues=cues,
    )


def two_places() -> Tensor:
    maps = torch.zeros(1, *CELLS)
    maps[0, 3:6, 2:6] = 1
    maps[0, 3:6, 10:14] = 1
    return maps


def test_of_two_equal_places_the_moving_one_is_meant(
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    before, now = pictures
    given_frame = frame(now, two_places(), torch.tensor([True]))
    found = with_motion(given_frame, before, 1.0)
    assert found.maps is not None
    assert found.evidence is not None
    left, right = found.maps[0, 3:6, 2:6].mean(), found.maps[0, 3:6, 10:14].mean()
    assert left > 1.8 * right
    assert float(found.maps.max()) == 1
    assert float(found.evidence.max()) <= 1
    halfway = with_motion(given_frame, before, 0.5)
    assert halfway.maps is not None
    ratio = float(halfway.maps[0, 3:6, 2:6].mean() / halfway.maps[0, 3:6, 10:14].mean())
    assert 1 < ratio < float(left / right)


def test_motion_says_which_and_not_whether(
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    """Evidence stays the same in the mean over the proposal, as a loop over cells finds it."""
    before, now = pictures
    maps = two_places() * torch.linspace(0.1, 1, CELLS[1])
    found = with_motion(frame(now, maps, torch.tensor([True])), before, 1.0)
    assert found.evidence is not None
    probability = probability_of_target(before, now)
    factor = np.zeros(CELLS)
    for row in range(CELLS[0]):
        for column in range(CELLS[1]):
            cell = probability[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
            factor[row, column] = cell.mean()
    share = (maps[0] * maps[0] * 0.6).numpy()
    mean = (share * factor).sum() / share.sum()
    expected = np.minimum(maps[0].numpy() * 0.6 * factor / mean, 1)
    np.testing.assert_allclose(found.evidence[0], expected, rtol=1e-5)


def test_what_motion_does_not_change(
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    before, now = pictures
    maps = two_places()
    moving = frame(now, maps, torch.tensor([True]))
    assert with_motion(moving, before, 0.0) is moving
    assert with_motion(moving, None, 1.0) is moving
    resting = frame(now, maps, None)
    assert with_motion(resting, before, 1.0) is resting
    nothing = replace(moving, maps=maps[:0], evidence=maps[:0])
    assert with_motion(nothing, before, 1.0) is nothing
    still = with_motion(frame(before, maps, torch.tensor([True])), before, 1.0)
    torch.testing.assert_close(still.maps, maps)
    torch.testing.assert_close(still.evidence, maps * 0.6)
    both = frame(now, maps.repeat(2, 1, 1), torch.tensor([False, True]))
    found = with_motion(both, before, 1.0)
    assert found.maps is not None
    assert torch.equal(found.maps[0], maps[0])
    assert not torch.equal(found.maps[1], maps[0])


def test_a_map_of_zeros_stays_one(
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    before, now = pictures
    found = with_motion(frame(now, torch.zeros(1, *CELLS), torch.tensor([True])), before, 1.0)
    assert found.maps is not None
    assert found.evidence is not None
    assert not found.maps.any()
    assert not found.evidence.any()
