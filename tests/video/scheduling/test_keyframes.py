"""Scene cuts: another scene is one, motion and light are not. Which frames are keyframes."""

from __future__ import annotations

import json
from collections.abc import Set

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from car_video.video.scheduling.clock import FrameClock
from car_video.video.scheduling.keyframes import (
    CutDetector,
    KeyframeSchedule,
    colour_histogram,
)


def world(seed: int, tint: tuple[int, int, int]) -> np.ndarray:
    """A wide picture of smooth blobs of one tint."""
    noise = ndimage.gaussian_filter(
        np.random.default_rng(seed).normal(size=(90, 400, 3)), (6, 6, 0)
    )
    return (np.array(tint) + 200 * noise).clip(0, 255).astype(np.uint8)


FOREST, BEACH = world(0, (60, 120, 50)), world(1, (210, 180, 120))


def view(scene: np.ndarray, column: int) -> np.ndarray:
    return scene[:, column : column + 160]


def cuts(*pictures: np.ndarray, threshold: float = 0.25) -> list[bool]:
    detector = CutDetector(threshold)
    return [detector.step(colour_histogram(picture)) for picture in pictures]


def test_a_cut_between_two_scenes_and_no_other() -> None:
    pictures = [view(FOREST, 3 * n) for n in range(8)] + [view(BEACH, 5 * n) for n in range(8)]
    assert cuts(*pictures) == [number == 8 for number in range(16)]


@pytest.mark.parametrize("speed", [0, 4, 16])
def test_a_pan_is_no_cut(speed: int) -> None:
    assert not any(cuts(*(view(FOREST, speed * n) for n in range(12))))


def test_slowly_changing_light_is_no_cut() -> None:
    light = [
        np.clip(view(BEACH, 0) * (1 - 0.01 * n), 0, 255).astype(np.uint8) for n in range(9)
    ]
    assert not any(cuts(*light))


def test_an_object_that_comes_in_is_no_cut() -> None:
    before, after = view(FOREST, 0), view(FOREST, 0).copy()
    after[20:60, 40:90] = (255, 0, 0)  # an eighth of the picture
    assert cuts(before, after) == [False, False]


def test_the_threshold_is_a_part_of_the_pixels() -> None:
    black, part = np.zeros((10, 10, 3), np.uint8), np.zeros((10, 10, 3), np.uint8)
    part[:3] = 255  # three tenths of the pixels
    assert cuts(black, part, threshold=0.29) == [False, True]
    assert cuts(black, part, threshold=0.31) == [False, False]
    assert cuts(black, 255 - black, threshold=1.0) == [False, False]


def test_asking_changes_nothing_and_a_reset_forgets() -> None:
    detector = CutDetector(0.25)
    assert not detector.is_cut(colour_histogram(view(FOREST, 0)))  # there was no picture before
    detector.step(colour_histogram(view(FOREST, 0)))
    for _ in range(2):
        assert detector.is_cut(colour_histogram(view(BEACH, 0)))
    assert not detector.is_cut(colour_histogram(view(FOREST, 2)))
    detector.reset()
    assert not detector.step(colour_histogram(view(BEACH, 0)))


def test_sizes_may_differ() -> None:
    assert cuts(view(FOREST, 0), view(FOREST, 0)[::2, ::2]) == [False, False]


def test_histogram_is_that_of_a_loop() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (7, 9, 3)).astype(np.uint8)
    expected = np.zeros((4, 4, 4))
    for red, green, blue in picture.reshape(-1, 3):
        expected[red // 64, green // 64, blue // 64] += 1 / 63
    np.testing.assert_allclose(colour_histogram(picture), expected.flatten())


def language_frames(
    schedule: KeyframeSchedule,
    interval: float,
    frames: int,
    vanishing: Set[int] = frozenset(),
    spacing: int = 1,
    fps: float = 24.0,
) -> list[int]:
    """Frames that language sees; on those in ``vanishing`` it finds that a target is gone."""
    seen = []
    for number in range(frames):
        schedule.advance(1 / fps)
        if schedule.due(interval, spacing):
            seen.append(number)
            schedule.language_ran(vanished=number in vanishing)
    return seen


def test_language_sees_a_frame_per_interval() -> None:
    assert language_frames(KeyframeSchedule(), 1 / 3, 30) == [0, 8, 16, 24]
    assert language_frames(KeyframeSchedule(), 0.333, 30) == [0, 8, 16, 24]
    assert language_frames(KeyframeSchedule(), 0.0, 4, {1}) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("fps", "expected"), [(2, 1), (6, 2), (12, 4), (25, 8), (29.97, 10), (60, 20), (240, 80)]
)
def test_the_interval_is_in_seconds_at_any_frame_rate(fps: float, expected: int) -> None:
    seen = language_frames(KeyframeSchedule(), 1 / 3, 400, fps=fps)
    assert set(np.diff(seen)) == {expected}


def test_times_rounded_to_milliseconds_give_the_same_keyframes() -> None:
    schedule, clock, seen = KeyframeSchedule(), FrameClock(), []
    for number in range(60):
        schedule.advance(clock.step(round(number / 24, 3)))
        if schedule.due(1 / 3):
            seen.append(number)
            schedule.language_ran(vanished=False)
    assert seen == list(range(0, 60, 8))


def test_a_vanished_target_is_looked_for_soon_and_then_ever_later() -> None:
    third, long = 1 / 3, 100 / 24
    assert language_frames(KeyframeSchedule(), third, 40, {8}) == [0, 8, 10, 14, 22, 30, 38]
    assert language_frames(KeyframeSchedule(), long, 40, {0}) == [0, 2, 6, 14, 30]
    assert language_frames(KeyframeSchedule(), third, 20, {0, 6}) == [0, 2, 6, 8, 12]


def test_a_level_may_space_keyframes_by_frames() -> None:
    assert language_frames(KeyframeSchedule(), 0.0, 12, spacing=5) == [0, 5, 10]
    assert language_frames(KeyframeSchedule(), 1 / 3, 20, spacing=5) == [0, 8, 16]


@given(st.floats(0, 3), st.sets(st.integers(0, 99)), st.floats(1, 100))
def test_no_interval_is_longer_than_asked_for(
    interval: float, vanishing: set[int], fps: float
) -> None:
    seen = language_frames(KeyframeSchedule(), interval, 100, vanishing, fps=fps)
    assert seen[0] == 0
    assert max(np.diff([*seen, 100])) <= max(1, np.ceil(interval * fps - 0.5 + 1e-6))


def test_a_new_start_forgets_what_had_vanished() -> None:
    schedule = KeyframeSchedule()
    schedule.language_ran(vanished=True)
    schedule.reset()
    assert language_frames(schedule, 1 / 3, 20) == [0, 8, 16]


def test_presence_waits_only_while_a_keyframe_is_due() -> None:
    """On schedule a keyframe is the next frame, whatever the interval; a gap is a gap."""
    schedule = KeyframeSchedule()
    schedule.language_ran(vanished=False)
    for _ in range(8):
        schedule.advance(1 / 24)
    assert schedule.overdue(1 / 3) == pytest.approx(1 / 24)
    assert schedule.overdue(0.0, spacing=8) == pytest.approx(1 / 24)
    schedule.advance(2.0)
    assert schedule.overdue(1 / 3) == pytest.approx(2.0)
    every = KeyframeSchedule()
    every.language_ran(vanished=False)
    every.advance(1 / 3)  # of every 8th frame of a clip
    assert every.overdue(0.0) == pytest.approx(1 / 3)


@given(st.floats(0, 5), st.integers(0, 50), st.one_of(st.none(), st.floats(0.01, 10)))
def test_a_schedule_is_stored_as_plain_data(
    elapsed: float, frames: int, retry: float | None
) -> None:
    state = {"elapsed": elapsed, "frames": frames, "retry": retry}
    schedule = KeyframeSchedule()
    schedule.restore(json.loads(json.dumps(state)))
    assert schedule.state() == state
