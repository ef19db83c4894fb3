"""Scene cuts: another scene is one, motion and light are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from car_video.video.keyframes import CutDetector, colour_histogram


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
