"""Scene cuts: another scene is one, motion and light are not. When language looks next."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from car_video.video.scheduling.keyframes import CutDetector, Rhythm, colour_histogram


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


def looks(rhythm: Rhythm, every: int, frames: int, gone: set[int]) -> list[int]:
    """Frames that language looks at; on those in ``gone`` it finds that somebody has left."""
    looked = []
    for number in range(frames):
        if rhythm.due(every):
            looked.append(number)
            rhythm.looked(gone=number in gone)
        else:
            rhythm.passed()
    return looked


def test_language_looks_at_every_nth_frame() -> None:
    assert looks(Rhythm(), 8, 30, set()) == [0, 8, 16, 24]
    assert looks(Rhythm(), 1, 4, {1}) == [0, 1, 2, 3]


def test_who_has_gone_is_looked_for_soon_and_then_ever_later() -> None:
    assert looks(Rhythm(), 8, 40, {8}) == [0, 8, 10, 14, 22, 30, 38]
    assert looks(Rhythm(), 100, 40, {0}) == [0, 2, 6, 14, 30]
    assert looks(Rhythm(), 8, 20, {0, 6}) == [0, 2, 6, 8, 12]


@given(st.integers(1, 50), st.sets(st.integers(0, 99)))
def test_nobody_waits_longer_than_for_a_keyframe(every: int, gone: set[int]) -> None:
    looked = looks(Rhythm(), every, 100, gone)
    assert max(np.diff([*looked, 100])) <= every
    assert looked[0] == 0


def test_a_new_start_forgets_who_was_sought() -> None:
    rhythm = Rhythm()
    rhythm.looked(gone=True)
    rhythm.reset()
    assert looks(rhythm, 8, 20, set()) == [0, 8, 16]
